import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import { workerFile, type Pool, type StartOptions } from './pool.js';

/** workerpool with a dedicated worker, on threads. */
export function start({ workers, warm }: StartOptions): Pool {
  const pool = workerpool.pool(fileURLToPath(workerFile('workerpool.worker')), {
    workerType: 'thread',
    minWorkers: warm ? workers : 0,
    maxWorkers: workers,
  });
  return {
    work: (steps) => pool.exec('work', [steps]),
    meet: (barrier, parties) => pool.exec('meet', [barrier, parties]),
    hang: async (flag) => {
      const settled = pool.exec('hang', [flag]);
      settled.catch(() => {});
      return {
        settled: settled as unknown as Promise<unknown>,
        cancel: () => void settled.cancel(),
      };
    },
    end: () => pool.terminate(true) as unknown as Promise<unknown>,
  };
}
