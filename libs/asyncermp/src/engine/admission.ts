import type { Task } from './task.js';

/** Up to this many passed places are not worth a copy of the line. */
const SLACK = 64;

interface Waiter {
  readonly admitted: Promise<Task>;
  readonly resolve: (task: Task) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Submissions that wait until the queue has room (`onFull: 'wait'`), first come, first served.
 *
 * Invariant: `#line` holds every waiting task from `#head` on, in order of arrival; between them stand tasks
 * that have left, which are skipped. Cost: every operation is O(1), amortised.
 */
export class Admission {
  readonly #waiters = new Map<Task, Waiter>();
  #line: Task[] = [];
  #head = 0;

  get size(): number {
    return this.#waiters.size;
  }

  /** Settles when the task is let in, or rejects when it leaves. The same promise for a task that waits. */
  wait(task: Task): Promise<Task> {
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
    this.#line.push(task);
    return admitted;
  }

  /** Takes the first one out of the line; its promise resolves. */
  next(): Task | undefined {
    for (;;) {
      const task = this.#line[this.#head];
      if (!task) {
        return undefined;
      }
      this.#head++;
      this.#compact();
      const waiter = this.#waiters.get(task);
      if (waiter) {
        this.#waiters.delete(task);
        waiter.resolve(task);
        return task;
      }
    }
  }

  /** Takes a task out of the line; its promise rejects. */
  leave(task: Task, error: unknown): void {
    const waiter = this.#waiters.get(task);
    this.#waiters.delete(task);
    waiter?.reject(error);
    if (this.#line.length - this.#head > 2 * this.#waiters.size + SLACK) {
      this.#line = this.tasks();
      this.#head = 0;
    }
  }

  /** Those that wait, in their order. */
  tasks(): Task[] {
    return [...this.#waiters.keys()];
  }

  /** Once the passed part is the larger one, it goes: one copy for as many steps. */
  #compact(): void {
    if (this.#head > SLACK && this.#head * 2 > this.#line.length) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
  }
}
