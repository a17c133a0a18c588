import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { onPiscina } from './piscina.js';
import { KEEP_MS, workerFile, type Pool, type StartOptions } from './pool.js';

/** piscina, and in each worker a Nest application context: injection there, written by hand. */
export function startWith(providers: number, { workers, warm }: StartOptions): Pool {
  return onPiscina(
    new Piscina({
      filename: fileURLToPath(workerFile('piscina-nest.worker')),
      minThreads: warm ? workers : 0,
      maxThreads: workers,
      ...(!warm && { idleTimeout: KEEP_MS }),
      workerData: { providers },
    }),
  );
}
