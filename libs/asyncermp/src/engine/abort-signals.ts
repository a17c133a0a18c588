import { AsyncLocalStorage } from 'node:async_hooks';
import { Cancellation } from './task-errors.js';
import type { Task } from './task.js';

/** Cancels tasks by their `AbortSignal`: one listener per signal, however many tasks share it. */
export class SignalWatch {
  readonly #tasks = new Map<AbortSignal, Set<Task>>();
  readonly #onAbort = (event: Event): void => {
    const signal = event.target as AbortSignal;
    const tasks = this.#tasks.get(signal);
    this.#tasks.delete(signal);
    const cancellation = new Cancellation(signal.reason);
    // A loop over very many V8 compiles as a whole while it runs, and on Node 24 that takes as long again.
    tasks?.forEach((task) => this.cancel(task, cancellation));
  };

  constructor(private readonly cancel: (task: Task, why: Cancellation) => void) {}

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

const store = new AsyncLocalStorage<AbortSignal>();
/** Asking an empty store is cheap but not free, and most applications never open a scope. */
let isUsed = false;

/** Calls `run`: the tasks that it and what it awaits submit are cancelled when the signal is aborted. */
export function runInCancelScope<T>(signal: AbortSignal, run: () => T): T {
  isUsed = true;
  return store.run(signal, run);
}

/** The signal of the scope around the code that asks, if there is one. */
export function cancelScopeSignal(): AbortSignal | undefined {
  return isUsed ? store.getStore() : undefined;
}
