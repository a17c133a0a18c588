import { Jimp } from 'jimp';

/** A picture as Playwright hands it to a page. */
export interface PictureFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** A picture with something in it. */
export async function pictureFile(
  name: string,
  width: number,
  height: number,
  type: 'image/jpeg' | 'image/png' = 'image/jpeg',
): Promise<PictureFile> {
  const picture = new Jimp({ width, height, color: 0x336699ff });
  picture.scan((x, y, offset) => {
    picture.bitmap.data[offset] = (x * 255) / width;
    picture.bitmap.data[offset + 1] = ((x >> 5) ^ (y >> 5)) & 1 ? 200 : 80;
  });
  return { name, mimeType: type, buffer: await picture.getBuffer(type) };
}

/** A PNG of a few bytes that says it is gigantic. */
export async function boastingPng(name: string): Promise<PictureFile> {
  const file = await pictureFile(name, 8, 8, 'image/png');
  file.buffer.writeUInt32BE(30_000, 16);
  file.buffer.writeUInt32BE(30_000, 20);
  return file;
}
