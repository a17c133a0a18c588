import { peers } from '../peers/index.js';
import { able } from '../peers/pool.js';
import { sharedNumber } from './barrier.js';
import type { Measurement } from './figures.js';

/**
 * From the first submission to its result, where no worker is there yet: with more than one at once,
 * until so many workers have been seen to run at the same time. The library itself, and the
 * application, are there before.
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
