import type { Picture } from './picture.js';

/** The main colours of a picture, the most frequent first. Changes the picture. */
export function coloursOf(picture: Picture, count: number): readonly string[] {
  const { data } = picture.quantize({
    colors: count,
    // Without dithering, which would add mixed colours.
    imageQuantization: 'nearest',
    colorDistanceFormula: 'euclidean',
  }).bitmap;
  const pixels = new Map<string, number>();
  for (let offset = 0; offset < data.length; offset += 4) {
    if ((data[offset + 3] ?? 0) < 128) {
      continue;
    }
    const colour = `#${data.toString('hex', offset, offset + 3)}`;
    pixels.set(colour, (pixels.get(colour) ?? 0) + 1);
  }
  return [...pixels]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([colour]) => colour);
}
