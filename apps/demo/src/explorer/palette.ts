import { Injectable } from '@nestjs/common';

/** The number of colours. They form a circle: the first one follows the last. */
const SIZE = 2_048;

/** Turns for the first round of the circle. Later rounds take more turns. */
const ROUND = 24;

/** The colours of points outside the set, by the turns that they took to escape. */
@Injectable()
export class Palette {
  /** Red, green and blue, one after the other. */
  readonly #colours = Uint8ClampedArray.from({ length: SIZE * 3 }, (_, index) => {
    const turn = Math.floor(index / 3) / SIZE;
    const phase = [0.42, 0.5, 0.6][index % 3] ?? 0;
    return 255 * (0.5 - 0.5 * Math.cos(2 * Math.PI * (turn + phase - 0.5)));
  });

  /** @param turns - Turns until the point escaped. The fraction keeps the colours free of bands. */
  paint(pixels: Uint8Array, offset: number, turns: number): void {
    const position = Math.log2(1 + Math.max(0, turns) / ROUND);
    const index = (Math.floor(position * SIZE) % SIZE) * 3;
    pixels[offset] = this.#colours[index] ?? 0;
    pixels[offset + 1] = this.#colours[index + 1] ?? 0;
    pixels[offset + 2] = this.#colours[index + 2] ?? 0;
  }
}
