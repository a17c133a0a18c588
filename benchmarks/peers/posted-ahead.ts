import { Worker } from 'node:worker_threads';
import { workerFile, type Outcome, type Pool, type StartOptions } from './pool.js';

/**
 * As fast as one message per task can be on this machine: everything is posted at once, to one thread
 * after the other, and nothing is kept but whom an answer belongs to. No pool to use: it knows no
 * order, no error, no cancellation and no death of a thread.
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
