import type { Pool } from './pool.js';
import { work } from '../work/work.js';

/** No pool: the task runs on the main thread and blocks the event loop. */
export function start(): Pool {
  return {
    work: async (steps) => work(steps),
    end: async () => {},
  };
}
