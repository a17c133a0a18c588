/** Escape times as anybody would write them down, to compare the demo's pixels with. */

const SIZE = 256;
const COLOURS = 2_048;

/** RGBA of a tile, row by row. */
export function referenceTile(z: number, x: number, y: number, iterations: number): number[] {
  const side = 8 / 2 ** z;
  const pixels: number[] = [];
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const re = -4.75 + (x + (column + 0.5) / SIZE) * side;
      const im = 4 - (y + (row + 0.5) / SIZE) * side;
      pixels.push(...colour(escapeTime(re, im, iterations)), 255);
    }
  }
  return pixels;
}

function escapeTime(cRe: number, cIm: number, iterations: number): number | undefined {
  let [re, im] = [0, 0];
  for (let turn = 0; turn < iterations; turn++) {
    const squared = re * re + im * im;
    if (squared > 65_536) {
      return turn + 1 - Math.log2(Math.log2(squared) / 2);
    }
    [re, im] = [re * re - im * im + cRe, 2 * re * im + cIm];
  }
  return undefined;
}

function colour(turns: number | undefined): readonly number[] {
  if (turns === undefined) {
    return [0, 0, 0];
  }
  const index = Math.floor(Math.log2(1 + Math.max(0, turns) / 24) * COLOURS) % COLOURS;
  return [0.42, 0.5, 0.6].map((phase) =>
    Math.round(255 * (0.5 - 0.5 * Math.cos(2 * Math.PI * (index / COLOURS + phase - 0.5)))),
  );
}

/** The share of pixels of which some channel differs by more than rounding can. */
export function differingShare(pixels: ArrayLike<number>, reference: ArrayLike<number>): number {
  let differing = 0;
  for (let offset = 0; offset < reference.length; offset += 4) {
    const isOff = [0, 1, 2, 3].some(
      (channel) =>
        Math.abs((pixels[offset + channel] ?? -1e3) - (reference[offset + channel] ?? 0)) > 8,
    );
    if (isOff) {
      differing++;
    }
  }
  return pixels.length === reference.length ? differing / (reference.length / 4) : 1;
}
