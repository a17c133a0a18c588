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
 * What another worker adds to the memory of the process: the resident set with one worker, and with
 * several, each of which has run a task and then nothing for so long.
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

/** What starting leaves behind is not what a worker needs. */
async function settledRss(idleMs: number): Promise<number> {
  await wait(idleMs);
  collectGarbage();
  await wait(100);
  return process.memoryUsage.rss();
}
