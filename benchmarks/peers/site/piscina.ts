import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { workerFile, type Pool, type StartOptions } from '../pool.js';

/** What one writes by hand: the demo's providers, made without Nest in each of piscina's workers. */
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
