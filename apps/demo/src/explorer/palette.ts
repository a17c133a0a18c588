import { Injectable } from '@nestjs/common';

/** Colours in the round: the last one leads back to the first. */
const SIZE = 2_048;

/** Turns it takes to go round once, near the start; it gets slower the longer a point stays. */
const ROUND = 24;

/** The colours of points outside the set, by how long they took to leave. */
@Injectable()
export class Palette {
  /** Red, green and blue, one after the other. */
  readonly #colours = Uint8ClampedArray.from({ length: SIZE * 3 }, (_, index) => {
    const turn = Math.floor(index / 3) / SIZE;
    const phase = [0.42, 0.5, 0.6][index % 3] ?? 0;
    return 255 * (0.5 - 0.5 * Math.cos(2 * Math.PI * (turn + phase - 0.5)));
  });

  /** @param turns how long the point stayed, with a fraction, so that there are no bands */
  paint(pixels: Uint8Array, offset: number, turns: number): void {
    const position = Math.log2(1 + Math.max(0, turns) / ROUND);
    const index = (Math.floor(position * SIZE) % SIZE) * 3;
    pixels[offset] = this.#colours[index] ?? 0;
    pixels[offset + 1] = this.#colours[index + 1] ?? 0;
    pixels[offset + 2] = this.#colours[index + 2] ?? 0;
  }
}
