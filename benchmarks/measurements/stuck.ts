import { setTimeout as wait } from 'node:timers/promises';
import { able } from '../peers/pool.js';
import { sharedNumber } from './barrier.js';
import type { Measurement } from './figures.js';
import { watchLoop } from './watch-loop.js';

/**
 * Cancels a task that never ends, and takes the time until as many workers as before have run at the same
 * time, and the longest delay of the event loop.
 */
export const stuck: Measurement<Record<string, never>> = async (peer) => {
  const pool = await peer.pool;
  const hang = able(pool, 'hang');
  const meet = able(pool, 'meet');
  const isRunning = sharedNumber();
  const task = await hang(isRunning);
  while (Atomics.load(isRunning, 0) === 0) {
    await wait(1);
  }
  await pool.ready?.();
  const figures = await watchLoop(async () => {
    task.cancel();
    const barrier = sharedNumber();
    await Promise.all(Array.from({ length: peer.workers }, () => meet(barrier, peer.workers)));
  });
  await task.settled.catch(() => {});
  return figures;
};
