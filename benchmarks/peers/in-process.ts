import type { Pool } from './pool.js';
import { work } from '../work/work.js';

/** No pool: the task runs where it is called, and blocks the event loop for as long. */
export function start(): Pool {
  return {
    work: async (steps) => work(steps),
    end: async () => {},
  };
}
