import { setMaxListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { able, type Cancellable, type Pool } from '../peers/pool.js';
import type { Measurement } from './figures.js';

/** How tasks are cancelled: by one signal for all, by a signal each, or by their handles. */
export type CancelBy = 'one signal' | 'a signal each' | 'handles';

/**
 * Cancels all waiting tasks and waits until all promises are rejected. `heldMs` is the longest turn of the
 * event loop in that time, in which the main thread could do nothing else.
 */
export const cancelling: Measurement<{ tasks: number; by: CancelBy }> = async (
  peer,
  { tasks, by },
) => {
  const pool = await peer.pool;
  pool.pause?.();
  const { settled, cancelAll } = await submit(pool, tasks, by);
  let cancelled = 0;
  const all = settled.map((promise) => promise.catch(() => cancelled++));
  // Created before the clock starts, since awaiting many promises takes time that is not the pool's.
  const allKnow = Promise.all(all).then(() => true);
  const startedAt = performance.now();
  cancelAll();
  let heldMs = 0;
  let turn = startedAt;
  for (let isOver = false; !isOver;) {
    isOver = await Promise.race([nextTurn(false), allKnow]);
    const now = performance.now();
    heldMs = Math.max(heldMs, now - turn);
    turn = now;
  }
  // Two tasks run in a pool that cannot be paused.
  if (cancelled < tasks - 2) {
    throw new Error(`Only ${cancelled} of ${tasks} tasks were cancelled`);
  }
  return { heldMs, settledMs: turn - startedAt };
};

interface Submitted {
  readonly settled: readonly Promise<unknown>[];
  readonly cancelAll: () => void;
}

async function submit(pool: Pool, tasks: number, by: CancelBy): Promise<Submitted> {
  if (by === 'handles') {
    const queue = able(pool, 'queueWithHandle');
    const handles: Cancellable[] = await Promise.all(Array.from({ length: tasks }, queue));
    return {
      settled: handles.map(({ settled }) => settled),
      cancelAll: () => {
        for (const handle of handles) {
          handle.cancel();
        }
      },
    };
  }
  const queue = able(pool, 'queue');
  const controllers = Array.from(
    { length: by === 'one signal' ? 1 : tasks },
    () => new AbortController(),
  );
  const [first] = controllers;
  if (first && by === 'one signal') {
    setMaxListeners(0, first.signal);
  }
  return {
    settled: Array.from({ length: tasks }, (_, task) => {
      const signal = controllers[task % controllers.length]?.signal;
      return queue({ ...(signal && { signal }) });
    }),
    cancelAll: () => {
      for (const controller of controllers) {
        controller.abort();
      }
    },
  };
}
