import { peers } from '../peers/index.js';
import { able } from '../peers/pool.js';
import { sharedNumber } from './barrier.js';
import type { Measurement } from './figures.js';

/**
 * The time from the first submission to its result in a pool without workers. With several tasks at once,
 * it ends when that number of workers have run at the same time. The library and the application are
 * loaded before.
 */
export const coldStart: Measurement<{ atOnce: number }> = async (peer, { atOnce }) => {
  const start = await peers[peer.name]();
  const pool = await start({ workers: atOnce, warm: false });
  const meet = able(pool, 'meet');
  const barrier = sharedNumber();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, () => meet(barrier, atOnce)));
  const ms = performance.now() - startedAt;
  await pool.end();
  return { ms };
};
