import type { Task } from './task.js';

interface Waiter {
  readonly admitted: Promise<Task>;
  readonly resolve: (task: Task) => void;
  readonly reject: (error: unknown) => void;
}

/** Submissions that wait until the queue has room (`onFull: 'wait'`): first come, first served. */
export class Admission {
  readonly #waiters = new Map<Task, Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  /** Settles when the task is let in, or rejects when it is turned away. */
  join(task: Task): Promise<Task> {
    const known = this.#waiters.get(task);
    if (known) {
      return known.admitted;
    }
    let resolve: Waiter['resolve'] = () => {};
    let reject: Waiter['reject'] = () => {};
    const admitted = new Promise<Task>((onAdmitted, onRefused) => {
      resolve = onAdmitted;
      reject = onRefused;
    });
    this.#waiters.set(task, { admitted, resolve, reject });
    return admitted;
  }

  /** Lets the first one in, if there is one. */
  next(): Task | undefined {
    const [first] = this.#waiters;
    if (!first) {
      return undefined;
    }
    const [task, { resolve }] = first;
    this.#waiters.delete(task);
    resolve(task);
    return task;
  }

  /** Turns one away; false if it does not wait here. */
  refuse(task: Task, error: unknown): boolean {
    const waiter = this.#waiters.get(task);
    this.#waiters.delete(task);
    waiter?.reject(error);
    return waiter !== undefined;
  }

  /** Those who wait, first come first. */
  tasks(): Task[] {
    return [...this.#waiters.keys()];
  }
}
