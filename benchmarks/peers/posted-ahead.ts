import { Worker } from 'node:worker_threads';
import { workerFile, type Outcome, type Pool, type StartOptions } from './pool.js';

/**
 * The limit of this machine for one message per task: every task is posted at once, to the threads in turn,
 * and only its promise is kept. It is no usable pool: it has no order, no errors, no cancellation, and does
 * not notice the death of a thread.
 */
export function start({ workers }: StartOptions): Pool {
  const pending = new Map<number, (outcome: Outcome) => void>();
  let count = 0;
  const threads = Array.from({ length: workers }, () => {
    const thread = new Worker(workerFile('posted-ahead.worker'));
    thread.on('message', ([id, outcome]: [number, Outcome]) => {
      pending.get(id)?.(outcome);
      pending.delete(id);
    });
    return thread;
  });
  return {
    work: (steps) =>
      new Promise((resolve) => {
        const id = ++count;
        pending.set(id, resolve);
        threads[id % workers]?.postMessage([id, steps]);
      }),
    end: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}
