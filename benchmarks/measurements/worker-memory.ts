import { setTimeout as wait } from 'node:timers/promises';
import { peers } from '../peers/index.js';
import { able } from '../peers/pool.js';
import { sharedNumber } from './barrier.js';
import { collectGarbage } from './garbage.js';
import type { Measurement } from './figures.js';

export interface WorkerMemoryParams {
  readonly workers: number;
  readonly idleMs: number;
}

/**
 * The memory that a further worker adds to the process: the difference between the resident sets with one
 * worker and with several, after each has run a task and then been idle for `idleMs`.
 */
export const workerMemory: Measurement<WorkerMemoryParams> = async (peer, { workers, idleMs }) => {
  const start = await peers[peer.name]();
  const pool = await start({ workers, warm: false });
  const meet = able(pool, 'meet');
  await meet(sharedNumber(), 1);
  const one = await settledRss(idleMs);
  const barrier = sharedNumber();
  await Promise.all(Array.from({ length: workers }, () => meet(barrier, workers)));
  const all = await settledRss(idleMs);
  await pool.end();
  return { megabytes: (all - one) / (workers - 1) / 1_048_576 };
};

/** The resident set without the garbage that starting leaves behind. */
async function settledRss(idleMs: number): Promise<number> {
  await wait(idleMs);
  collectGarbage();
  await wait(100);
  return process.memoryUsage.rss();
}
