import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { workerFile, type Pool, type StartOptions } from '../pool.js';

/** Hand-written on piscina: each worker creates the demo's providers without Nest. */
export function start({ workers }: StartOptions): Pool {
  const pool = new Piscina({
    filename: fileURLToPath(workerFile('site.worker')),
    minThreads: workers,
    maxThreads: workers,
  });
  return {
    render: async (document) => {
      const { html } = (await pool.run(document)) as { html: string };
      return html.length;
    },
    end: () => pool.destroy(),
  };
}
