import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { currentTask } from 'nestjs-asyncermp';
import { coloursOf } from './colours.js';
import { pictureOf, readPicture, type Picture } from './picture.js';
import { PictureInspector, type PictureFormat } from './picture.inspector.js';
import type { PictureSettings } from './picture.settings.js';
import { WebpDecoder } from './webp.decoder.js';

const THUMBNAILS = [144, 96, 64] as const;
/** The colours are taken from a copy of this width. More pixels do not change them. */
const COLOURS_WIDTH = 64;

/** One of the pictures made from an uploaded one. */
export interface Rendition {
  readonly name: string;
  readonly type: 'image/jpeg' | 'image/png';
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface DevelopedPicture {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  /** `#rrggbb`, the most frequent first. */
  readonly colours: readonly string[];
  readonly renditions: readonly Rendition[];
}

/**
 * Resizes and blurs a picture, finds its main colours and makes thumbnails. It runs where it is called.
 *
 * It uses Jimp, which is plain JavaScript and blocks the thread that calls it: the pool is made for that.
 * A library with threads of its own, such as sharp, needs no pool. Use that if you only need thumbnails.
 */
@Injectable()
export class PictureStudio {
  readonly #inspector: PictureInspector;
  readonly #webp: WebpDecoder;

  constructor(inspector: PictureInspector, webp: WebpDecoder) {
    this.#inspector = inspector;
    this.#webp = webp;
  }

  /** @throws HttpException that describes the problem with the file */
  async develop(
    bytes: Uint8Array<ArrayBuffer>,
    settings: PictureSettings,
  ): Promise<DevelopedPicture> {
    const task = currentTask();
    const advanceTo = (progress: number): void => {
      task.throwIfCancelled();
      task.progress(progress);
    };
    const format = this.#inspector.inspect(bytes);
    advanceTo(0.05);
    const picture = await this.#decode(bytes, format);
    const { width, height } = picture;
    advanceTo(0.4);
    const type = picture.hasAlpha() ? 'image/png' : 'image/jpeg';
    const resized = picture.resize({ w: settings.width });
    advanceTo(0.5);
    const renditions = [await encode('resized', resized, type)];
    advanceTo(0.6);
    const blurred = settings.blur > 0 ? resized.clone().blur(settings.blur) : resized;
    advanceTo(0.7);
    renditions.push(await encode('blurred', blurred, type));
    advanceTo(0.8);
    for (const side of THUMBNAILS) {
      const thumbnail = resized.clone().cover({ w: side, h: side });
      renditions.push(await encode(`thumbnail-${side}`, thumbnail, type));
      task.throwIfCancelled();
    }
    advanceTo(0.9);
    const colours = coloursOf(resized.clone().resize({ w: COLOURS_WIDTH }), settings.colours);
    advanceTo(1);
    return { format, width, height, colours, renditions };
  }

  async #decode(bytes: Uint8Array<ArrayBuffer>, format: PictureFormat): Promise<Picture> {
    try {
      if (format === 'WebP') {
        return pictureOf(await this.#webp.decode(bytes));
      }
      return await readPicture(bytes);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new UnprocessableEntityException(
        `This ${format} is damaged, or only a part of one (${detail})`,
        { cause: error },
      );
    }
  }
}

async function encode(name: string, picture: Picture, type: Rendition['type']): Promise<Rendition> {
  const { width, height } = picture;
  const buffer =
    type === 'image/jpeg'
      ? await picture.getBuffer(type, { quality: 82 })
      : await picture.getBuffer(type);
  // A copy, since small Buffers share memory, which cannot be transferred.
  return { name, type, width, height, bytes: new Uint8Array(buffer) };
}
