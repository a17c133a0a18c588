import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { callHandlerOfTask, type Run } from '../protocol/handler-call.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { threadState } from '../protocol/thread-state.js';
import type { Crossing } from '../protocol/outgoing.js';
import { autoUid, type SentUid } from '../protocol/envelope.js';
import { TaskCancelledError } from '../contract/errors.js';

/**
 * What a handler may know of the task that it runs for, and report about it. Outside of a task every
 * member is there and does nothing, so that a unit test can call a handler as it is.
 */
export interface CurrentTask {
  /** The task's uid; undefined outside of a task. */
  readonly uid: string | undefined;
  /** The handler's name; undefined outside of a task. */
  readonly handler: string | undefined;
  /** Which attempt this is, from 1; 0 outside of a task. */
  readonly attempt: number;
  /**
   * Whether the task was cancelled or timed out. True the moment it happens, in a synchronous loop, too: it
   * is read from shared memory.
   */
  readonly cancelled: boolean;
  /** Aborted when the task is cancelled or times out: for asynchronous code (`fetch`, streams). */
  readonly signal: AbortSignal;
  /**
   * Ends the handler if the task was cancelled or timed out: for loops, cheap enough for every turn.
   *
   * @throws TaskCancelledError
   */
  throwIfCancelled(): void;
  /**
   * Reports how far the task is: a number from 0 to 1, or anything that can be cloned. When a handler
   * reports faster than 50 times in 50 ms, values in between are left out; the last one always arrives.
   *
   * @throws TaskSerializationError for what cannot be cloned
   */
  progress(value: unknown): void;
}

const OUTSIDE: CurrentTask = {
  uid: undefined,
  handler: undefined,
  attempt: 0,
  cancelled: false,
  get signal() {
    return new AbortController().signal;
  },
  throwIfCancelled() {},
  progress() {},
};

/*
 * A store per asynchronous context rather than a variable, so that a timer that one task has left behind does
 * not count as the next one's.
 */
const store = threadState('current-task:1', () => new AsyncLocalStorage<RunningTask | undefined>());

/**
 * The task that this code runs for.
 *
 * @example
 * ```ts
 * const task = currentTask();
 * for (const row of rows) {
 *   task.throwIfCancelled();
 *   task.progress(row.index / rows.length);
 * }
 * ```
 */
export function currentTask(): CurrentTask {
  return store.getStore() ?? OUTSIDE;
}

/** The same, for the library: undefined outside of a task. */
export function runningTask(): RunningTask | undefined {
  return store.getStore();
}

/**
 * Calls a handler for a task. The next task does not see what the handler does to its asynchronous context
 * (`enterWith()` of an `AsyncLocalStorage`, as libraries for request contexts call it).
 */
export function callForTask(
  task: RunningTask,
  run: Run,
  instance: unknown,
  args: readonly unknown[],
): unknown {
  // Passed through rather than closed over: a closure per task would be garbage per task.
  const scope = new AsyncResource('AsyncerMpTask');
  return scope.runInAsyncScope(callWithStore, undefined, task, run, instance, args);
}

function callWithStore(
  task: RunningTask,
  run: Run,
  instance: unknown,
  args: readonly unknown[],
): unknown {
  return store.run(task, callHandlerOfTask, run, instance, args);
}

/** What a running task needs of its runner. */
export interface TaskLink {
  isCancelled(slot: number): boolean;
  /** @throws TaskSerializationError */
  prepareProgress(task: RunningTask, value: unknown): Crossing | undefined;
  sendProgress(slot: number, value: unknown, crossing: Crossing | undefined): void;
}

/** How many reports are sent in one window, and how long that is. */
const BURST = 50;
const WINDOW_MS = 50;

/** An attempt while it runs: what `currentTask()` returns inside of it. */
export class RunningTask implements CurrentTask {
  readonly handler: string;
  readonly attempt: number;
  readonly slot: number;
  readonly #sentUid: SentUid;
  readonly #uidPrefix: string;
  readonly #link: TaskLink;
  #controller: AbortController | undefined = undefined;
  #reason: unknown = undefined;
  #ended = false;
  #windowStart = Number.NEGATIVE_INFINITY;
  #reports = 0;
  #held: { readonly value: unknown; readonly crossing: Crossing | undefined } | undefined =
    undefined;

  /** @param uidPrefix - Makes a uid of `sentUid`, if that is a number. */
  constructor(
    sentUid: SentUid,
    uidPrefix: string,
    handler: string,
    attempt: number,
    slot: number,
    link: TaskLink,
  ) {
    this.#sentUid = sentUid;
    this.#uidPrefix = uidPrefix;
    this.handler = handler;
    this.attempt = attempt;
    this.slot = slot;
    this.#link = link;
  }

  get uid(): string {
    return typeof this.#sentUid === 'string'
      ? this.#sentUid
      : autoUid(this.#uidPrefix, this.#sentUid);
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  get cancelled(): boolean {
    return !this.#ended && this.#link.isCancelled(this.slot);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.cancelled) {
        this.abort(undefined);
      }
    }
    return this.#controller.signal;
  }

  throwIfCancelled(): void {
    if (this.cancelled) {
      throw this.#error();
    }
  }

  progress(value: unknown): void {
    if (this.#ended) {
      return;
    }
    // At each report, also at one that is held back: the error is thrown where the report is made.
    const crossing = this.#link.prepareProgress(this, value);
    const now = monotonicMs();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#reports = 0;
    }
    if (++this.#reports > BURST) {
      this.#held = { value, crossing };
      return;
    }
    this.#held = undefined;
    this.#link.sendProgress(this.slot, value, crossing);
  }

  /** The task was cancelled, or timed out. */
  abort(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#error());
  }

  /** The attempt is over: what its code still does no longer counts. */
  end(): void {
    const held = this.#held;
    this.#held = undefined;
    this.#ended = true;
    try {
      if (held) {
        this.#link.sendProgress(this.slot, held.value, held.crossing);
      }
    } catch {
      // It was changed after it was reported, and can no longer be cloned. The outcome matters more.
    }
  }

  #error(): unknown {
    return this.#reason ?? new TaskCancelledError({ uid: this.uid, handler: this.handler });
  }
}
