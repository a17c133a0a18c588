import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { KEEP_MS, workerFile, type Pool, type StartOptions } from './pool.js';

/** tinypool with its defaults, which are threads. */
export function start({ workers, warm }: StartOptions): Pool {
  const pool = new Tinypool({
    filename: fileURLToPath(workerFile('plain.worker')),
    minThreads: warm ? workers : 0,
    maxThreads: workers,
    ...(!warm && { idleTimeout: KEEP_MS }),
  });
  return {
    work: (steps) => pool.run(steps),
    meet: (barrier, parties) => pool.run({ barrier, parties }, { name: 'meet' }),
    hang: async (flag) => {
      const controller = new AbortController();
      const settled = pool.run(flag, { name: 'hang', signal: controller.signal });
      settled.catch(() => {});
      return { settled, cancel: () => controller.abort() };
    },
    end: () => pool.destroy(),
  };
}
