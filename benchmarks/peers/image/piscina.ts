import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { workerFile, type Pool, type StartOptions } from '../pool.js';

/** Hand-written on piscina, and transfers the pixels there and back. */
export function start({ workers }: StartOptions): Pool {
  const pool = new Piscina({
    filename: fileURLToPath(workerFile('image.worker')),
    minThreads: workers,
    maxThreads: workers,
  });
  return {
    blur: (pixels, width) =>
      pool.run({ pixels, width }, { transferList: [pixels.buffer as ArrayBuffer] }),
    end: () => pool.destroy(),
  };
}
