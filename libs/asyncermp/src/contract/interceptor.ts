import type { TaskOptions } from './task-options.js';

/** Named values that are sent with each attempt of a task. They are cloned on the way to a worker. */
export type TaskHeaders = Readonly<Record<string, unknown>>;

/** What interceptors add to a submission. */
export interface SubmitExtras {
  /** Signals that cancel the task, in addition to the `signal` of its options. */
  readonly signals?: readonly AbortSignal[];
  readonly headers?: TaskHeaders;
}

/** A submission on its way to the backend. */
export interface SubmitInput extends SubmitExtras {
  /** The handler's name. */
  readonly handler: string;
  /** The arguments. Undefined for `map()`: the rest of the input then applies to all of its tasks. */
  readonly args: readonly unknown[] | undefined;
  readonly options: TaskOptions | undefined;
}

/** An attempt that is about to run. */
export interface RunInput {
  readonly uid: string;
  /** The handler's name. */
  readonly handler: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  readonly headers: TaskHeaders | undefined;
}

/**
 * Middleware around every task. Each method calls `next` once, with the same or a changed input, and returns
 * what `next` returns.
 */
export interface TaskInterceptor {
  /** Wraps a submission, in the application: adds headers or signals. */
  submit?<R>(input: SubmitInput, next: (input: SubmitInput) => R): R;
  /** Wraps an attempt, in the thread that runs it: reads the headers. `next` calls the handler. */
  run?(input: RunInput, next: (input: RunInput) => unknown): unknown;
}
