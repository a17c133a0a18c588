import { able } from '../peers/pool.js';
import { collectGarbage } from './garbage.js';
import type { Measurement } from './figures.js';

/** Whether the tasks are all of one priority, of a few, or of any. */
export type Priorities = 'one' | 'few' | 'any';

/**
 * Tasks that wait: time and memory for each. They are submitted in one go, so that none of them runs,
 * also where a pool cannot be paused. The promise that the caller holds counts in.
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
