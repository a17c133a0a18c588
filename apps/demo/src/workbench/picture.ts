import { Jimp } from 'jimp';
import type { Bitmap } from './webp.decoder.js';

/** What is used of Jimp, whose own types get lost where a picture is cloned. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly bitmap: { readonly data: Buffer };
  clone(): Picture;
  /** To this width, and the height that follows. Like all of these, it works on the picture itself. */
  resize(size: { w: number }): Picture;
  cover(size: { w: number; h: number }): Picture;
  blur(radius: number): Picture;
  quantize(options: {
    colors: number;
    imageQuantization: 'nearest';
    colorDistanceFormula: 'euclidean';
  }): Picture;
  hasAlpha(): boolean;
  getBuffer(type: string, options?: { quality: number }): Promise<Buffer>;
}

/** Unpacks a JPEG or PNG. */
export async function readPicture(bytes: Uint8Array<ArrayBuffer>): Promise<Picture> {
  const picture: unknown = await Jimp.fromBuffer(Buffer.from(bytes.buffer));
  return picture as Picture;
}

export function pictureOf(bitmap: Bitmap): Picture {
  const picture: unknown = Jimp.fromBitmap(bitmap);
  return picture as Picture;
}
