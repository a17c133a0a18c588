import { threadId } from 'node:worker_threads';
import type { Outcome } from '../peers/pool.js';
import { spin } from './spin.js';

let count = 0;

/** The task of most measurements: takes a number, returns `{ uid, result }`. Tiny without steps. */
export function work(steps: number): Outcome {
  return { uid: `${threadId}-${++count}`, result: spin(steps) };
}

/** Waits until that number of tasks run at once, which proves that as many workers run. */
export function meet(barrier: Int32Array, parties: number): void {
  if (Atomics.add(barrier, 0, 1) + 1 >= parties) {
    Atomics.notify(barrier, 0);
    return;
  }
  for (let here = Atomics.load(barrier, 0); here < parties; here = Atomics.load(barrier, 0)) {
    Atomics.wait(barrier, 0, here, 1);
  }
}

/** Sets the flag, and never ends. */
export function hang(flag: Int32Array): never {
  Atomics.store(flag, 0, 1);
  for (;;) {
    spin(1_000_000);
  }
}
