import { Jimp } from 'jimp';
import type { Bitmap } from './webp.decoder.js';

/** The part of Jimp that is used here. Jimp's own types get lost when a picture is cloned. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly bitmap: { readonly data: Buffer };
  clone(): Picture;
  /** Resizes to this width and keeps the proportions. Like all methods here, it changes the picture. */
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
