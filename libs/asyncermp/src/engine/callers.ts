import { AbortSignals, type Abortable } from './abort-signals.js';
import type { Cancellation } from './task-errors.js';
import type { Task } from './task.js';

/** What a submission came to: its task, or the part of one {@link Caller} in it. */
export interface Accepted {
  readonly task: Task;
  /** The outcome, for this caller. */
  readonly promise: Promise<unknown>;
  /** From now on, a rejection that is not awaited is no unhandled rejection. */
  watch(): void;
}

/**
 * One of the callers of a task that others may wait for as well, by its uid. It can leave by its own signals:
 * its promise is rejected then, while the task goes on for the others.
 */
export class Caller implements Abortable, Accepted {
  readonly task: Task;
  #signals: readonly AbortSignal[];
  #promise: Promise<unknown> | undefined = undefined;
  /** Rejects what the caller waits for now: its admission, then its outcome. */
  #reject: (error: unknown) => void = () => {};
  #left: { readonly error: unknown } | undefined = undefined;
  #isWatched = false;

  constructor(task: Task, signals: readonly AbortSignal[]) {
    this.task = task;
    this.#signals = signals;
  }

  get signals(): readonly AbortSignal[] {
    return this.#signals;
  }

  dropSignals(): void {
    this.#signals = [];
  }

  /** Resolves when the task is admitted; rejects if it is refused, or if the caller leaves before. */
  admitted(admission: Promise<Task>): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      admission.then(() => resolve(this), reject);
    });
  }

  get promise(): Promise<unknown> {
    if (this.#promise) {
      return this.#promise;
    }
    const promise = new Promise((resolve, reject) => {
      this.#reject = (error) => {
        if (this.#isWatched) {
          promise.catch(() => {});
        }
        reject(error);
      };
      if (!this.#left) {
        // With `resolve` itself, V8 finds the caller's frames for the stack of an error.
        this.task.promise.then(resolve, this.#reject);
      }
    });
    this.#promise = promise;
    if (this.#left) {
      this.#reject(this.#left.error);
    }
    return promise;
  }

  watch(): void {
    this.#isWatched = true;
  }

  leave(error: unknown): void {
    this.#left = { error };
    this.#reject(error);
  }
}

/** The callers of one task. */
interface Callers {
  /** Those that have signals, and have not left. */
  readonly withSignals: Set<Caller>;
  /** Whether another one waits that has none, and so never leaves. */
  isKept: boolean;
}

/** Knows the callers of tasks that they share by uid. A task whose last caller has left is cancelled. */
export class SharedTasks {
  readonly #cancel: (task: Task, why: Cancellation) => void;
  /** Of tasks in flight that have a caller with signals. */
  readonly #callers = new Map<Task, Callers>();
  readonly #signals = new AbortSignals<Caller>((caller, why) => this.#leave(caller, why));

  /** @param cancel - Called for each task whose last caller has left. */
  constructor(cancel: (task: Task, why: Cancellation) => void) {
    this.#cancel = cancel;
  }

  /** The task was submitted with a uid and signals. These cancel it only if no other caller waits for it. */
  first(task: Task): Caller {
    const caller = new Caller(task, task.signals);
    task.dropSignals();
    this.#add(caller, { withSignals: new Set(), isKept: false });
    return caller;
  }

  /** Another submission has joined the task in flight. */
  join(task: Task, signals: readonly AbortSignal[]): Task | Caller {
    const callers = this.#callers.get(task);
    if (signals.length === 0) {
      if (callers) {
        callers.isKept = true;
      }
      return task;
    }
    const caller = new Caller(task, signals);
    this.#add(caller, callers ?? { withSignals: new Set(), isKept: true });
    return caller;
  }

  /** The task is settled, and its callers' signals no longer count. */
  settled(task: Task): void {
    if (this.#callers.size > 0) {
      for (const caller of this.#callers.get(task)?.withSignals ?? []) {
        this.#signals.remove(caller);
      }
      this.#callers.delete(task);
    }
  }

  /** @throws what a signal's own `addEventListener` throws; then the caller is not one */
  #add(caller: Caller, callers: Callers): void {
    const { task } = caller;
    const isFirst = !this.#callers.has(task);
    callers.withSignals.add(caller);
    this.#callers.set(task, callers);
    try {
      this.#signals.add(caller);
    } catch (error) {
      callers.withSignals.delete(caller);
      if (isFirst) {
        this.#callers.delete(task);
      }
      throw error;
    }
    if (task.isSettled) {
      // By code of the user in `addEventListener`.
      this.settled(task);
    }
  }

  #leave(caller: Caller, why: Cancellation): void {
    const { task } = caller;
    const callers = this.#callers.get(task);
    this.#signals.remove(caller);
    if (!callers?.withSignals.delete(caller)) {
      return;
    }
    if (callers.withSignals.size === 0 && !callers.isKept) {
      this.#cancel(task, why);
    } else {
      caller.leave(why.errorOf(task));
    }
  }
}
