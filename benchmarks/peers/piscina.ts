import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { KEEP_MS, workerFile, type Pool, type StartOptions } from './pool.js';

/** piscina with its defaults, as in its README. */
export function start({ workers, warm }: StartOptions): Pool {
  return onPiscina(
    new Piscina({
      filename: fileURLToPath(workerFile('piscina.worker')),
      minThreads: warm ? workers : 0,
      maxThreads: workers,
      ...(!warm && { idleTimeout: KEEP_MS }),
    }),
  );
}

/** The tasks of `workers/piscina.worker`, or of a worker with the same tasks. */
export function onPiscina(pool: Piscina): Pool {
  return {
    work: (steps) => pool.run(steps),
    meet: (barrier, parties) => pool.run({ barrier, parties }, { name: 'meet' }),
    hang: async (flag) => {
      const controller = new AbortController();
      const settled = pool.run(flag, { name: 'hang', signal: controller.signal });
      settled.catch(() => {});
      return { settled, cancel: () => controller.abort() };
    },
    bounce: (bytes, way) =>
      pool.run(
        { bytes, way },
        {
          name: 'bounce',
          ...(way === 'transferred' && { transferList: [bytes.buffer as ArrayBuffer] }),
        },
      ),
    queue: ({ signal }) => pool.run(0, { ...(signal && { signal }) }),
    queueWithHandle: async () => {
      const controller = new AbortController();
      const settled = pool.run(0, { signal: controller.signal });
      return { settled, cancel: () => controller.abort() };
    },
    end: () => pool.destroy(),
  };
}
