import { fileURLToPath } from 'node:url';
import { FixedThreadPool } from 'poolifier';
import { workerFile, type Outcome, type Pool, type StartOptions } from './pool.js';

/** poolifier's fixed-size pool with its defaults, which post every task to a worker at once. */
export function start({ workers }: StartOptions): Pool {
  const pool = new FixedThreadPool<number, Outcome>(
    workers,
    fileURLToPath(workerFile('poolifier.worker')),
    { errorHandler: (error: unknown) => console.error(error) },
  );
  return {
    work: (steps) => pool.execute(steps),
    end: () => pool.destroy(),
  };
}
