import { Cancellation } from './task-errors.js';
import type { Task } from './task.js';

/** Cancels tasks by their `AbortSignal`: one listener for each signal, which any number of tasks may share. */
export class AbortSignals {
  readonly #cancel: (task: Task, why: Cancellation) => void;
  readonly #tasks = new Map<AbortSignal, Set<Task>>();
  readonly #onAbort = (event: Event): void => {
    const signal = event.target as AbortSignal;
    const tasks = this.#tasks.get(signal);
    this.#tasks.delete(signal);
    const cancellation = new Cancellation(signal.reason);
    // forEach, since V8 would compile a long `for` loop while it runs, which on Node 24 doubles its time.
    tasks?.forEach((task) => this.#cancel(task, cancellation));
  };

  /** @param cancel - Called for each task whose signal is aborted. */
  constructor(cancel: (task: Task, why: Cancellation) => void) {
    this.#cancel = cancel;
  }

  add(task: Task): void {
    for (const signal of task.signals) {
      let tasks = this.#tasks.get(signal);
      if (!tasks) {
        tasks = new Set();
        this.#tasks.set(signal, tasks);
        signal.addEventListener('abort', this.#onAbort, { once: true });
      }
      tasks.add(task);
    }
  }

  remove(task: Task): void {
    if (task.signals.length === 0) {
      return;
    }
    for (const signal of task.signals) {
      const tasks = this.#tasks.get(signal);
      tasks?.delete(task);
      if (tasks?.size === 0) {
        this.#tasks.delete(signal);
        signal.removeEventListener('abort', this.#onAbort);
      }
    }
    task.rare.signals = undefined;
  }
}
