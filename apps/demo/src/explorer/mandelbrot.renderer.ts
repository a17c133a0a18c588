import { Injectable } from '@nestjs/common';
import { currentTask } from 'nestjs-asyncermp';
import { Palette } from './palette.js';
import { TILE_SIZE, type TilePosition } from './tile.schema.js';

/** The square of the complex plane that the only tile of level 0 shows. */
const PLANE = { left: -4.75, top: 4, side: 8 } as const;

/** An escape radius of 2 would be enough; a much larger one makes the colours smooth. */
const ESCAPE_SQUARED = 65_536;

/** A tile and the number of iterations to render it with. */
export interface Tile extends TilePosition {
  readonly iterations: number;
}

/** Computes the pixels of a tile, wherever it is called. */
@Injectable()
export class MandelbrotRenderer {
  readonly #palette: Palette;

  constructor(palette: Palette) {
    this.#palette = palette;
  }

  /** RGBA, row by row from the top. */
  render({ z, x, y, iterations }: Tile): Uint8Array<ArrayBuffer> {
    const task = currentTask();
    const pixels = new Uint8Array(TILE_SIZE * TILE_SIZE * 4);
    const step = PLANE.side / 2 ** z / TILE_SIZE;
    for (let row = 0; row < TILE_SIZE; row++) {
      // A row takes at most some tens of milliseconds, so the task stops soon after the view has moved.
      task.throwIfCancelled();
      const im = PLANE.top - (y * TILE_SIZE + row + 0.5) * step;
      for (let column = 0; column < TILE_SIZE; column++) {
        const re = PLANE.left + (x * TILE_SIZE + column + 0.5) * step;
        const offset = (row * TILE_SIZE + column) * 4;
        const turns = turnsToEscape(re, im, iterations);
        if (turns !== undefined) {
          this.#palette.paint(pixels, offset, turns);
        }
        pixels[offset + 3] = 255;
      }
    }
    return pixels;
  }
}

/** Undefined for a point that does not escape. */
function turnsToEscape(re: number, im: number, most: number): number | undefined {
  let zRe = 0;
  let zIm = 0;
  for (let turn = 0; turn < most; turn++) {
    const reSquared = zRe * zRe;
    const imSquared = zIm * zIm;
    const squared = reSquared + imSquared;
    if (squared > ESCAPE_SQUARED) {
      return turn + 1 - Math.log2(Math.log2(squared) / 2);
    }
    zIm = 2 * zRe * zIm + im;
    zRe = reSquared - imSquared + re;
  }
  return undefined;
}
