import { able } from '../peers/pool.js';
import { collectGarbage } from './garbage.js';
import type { Measurement } from './figures.js';

/** Whether all tasks have one priority, a few different ones, or random ones. */
export type Priorities = 'one' | 'few' | 'any';

/**
 * The time and the memory of a waiting task, including the promise that its caller holds. All tasks are
 * submitted in one turn of the event loop, so that none runs, even in a pool that cannot be paused.
 */
export const waiting: Measurement<{ tasks: number; priorities: Priorities }> = async (
  peer,
  { tasks, priorities },
) => {
  const pool = await peer.pool;
  const queue = able(pool, 'queue');
  pool.pause?.();
  const options = Array.from({ length: 1_024 }, () => optionsFor(priorities));
  const promises = Array.from<Promise<unknown> | undefined>({ length: tasks });
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const startedAt = performance.now();
  for (let task = 0; task < tasks; task++) {
    promises[task] = queue(options[task % 1_024] ?? {});
  }
  const us = ((performance.now() - startedAt) * 1_000) / tasks;
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / tasks;
  if (promises.includes(undefined)) {
    throw new Error('Not all tasks were submitted');
  }
  return { us, bytes };
};

const PRIORITIES: Readonly<Record<Exclude<Priorities, 'one'>, number>> = { few: 8, any: 1_000_000 };

function optionsFor(priorities: Priorities): { readonly priority?: number } {
  return priorities === 'one'
    ? {}
    : { priority: Math.floor(Math.random() * PRIORITIES[priorities]) };
}
