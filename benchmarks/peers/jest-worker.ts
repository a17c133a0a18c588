import { fileURLToPath } from 'node:url';
import { Worker } from 'jest-worker';
import { workerFile, type Outcome, type Pool, type StartOptions } from './pool.js';

/** jest-worker on threads, with the names of the methods given. */
export async function start({ workers }: StartOptions): Promise<Pool> {
  const farm = new Worker(fileURLToPath(workerFile('plain.worker')), {
    numWorkers: workers,
    enableWorkerThreads: true,
    exposedMethods: ['work'],
  }) as Worker & { work(steps: number): Promise<Outcome> };
  await farm.start();
  return {
    work: (steps) => farm.work(steps),
    end: () => farm.end(),
  };
}
