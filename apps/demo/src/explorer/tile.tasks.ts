import { Injectable } from '@nestjs/common';
import { CpuTask, transfer } from 'nestjs-asyncermp';
import { PoliteWorker } from '../workplace/polite-worker.js';
import { MandelbrotRenderer, type Tile } from './mandelbrot.renderer.js';

/** The handler of the explorer: one tile, one task. */
@Injectable()
export class TileTasks {
  readonly #renderer: MandelbrotRenderer;

  constructor(
    renderer: MandelbrotRenderer,
    // It is created once in each worker, and lowers the priority for all handlers there.
    _politeness: PoliteWorker,
  ) {
    this.#renderer = renderer;
  }

  /** The pixels are handed over to the main thread, not copied. */
  @CpuTask({ timeout: 120_000 })
  async render(tile: Tile): Promise<Uint8Array<ArrayBuffer>> {
    return transfer(this.#renderer.render(tile));
  }
}
