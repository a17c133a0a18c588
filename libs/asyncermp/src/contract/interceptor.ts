import type { TaskOptions } from './task-options.js';

/** Values by name that travel with the attempts of a task; they are cloned on the way to a worker. */
export type TaskHeaders = Readonly<Record<string, unknown>>;

/** What comes with a call besides its options: from interceptors, not from the caller. */
export interface SubmitExtras {
  /** What else cancels the task, besides the `signal` of its options. */
  readonly signals?: readonly AbortSignal[];
  readonly headers?: TaskHeaders;
}

/** A call on its way into the queue. */
export interface SubmitInput extends SubmitExtras {
  /** The handler's name. */
  readonly handler: string;
  /** The arguments; undefined for `map()`, all tasks of which share the rest of the input. */
  readonly args: readonly unknown[] | undefined;
  readonly options: TaskOptions | undefined;
}

/** An attempt that is about to run. */
export interface RunInput {
  readonly uid: string;
  /** The handler's name. */
  readonly handler: string;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
  readonly headers: TaskHeaders | undefined;
}

/**
 * Code around every task, on either side. Each method calls `next` once, with the input as it is or changed,
 * and returns what `next` returns, as middleware does.
 */
export interface TaskInterceptor {
  /** Around a submission, in the application: adds headers or signals. */
  submit?<R>(input: SubmitInput, next: (input: SubmitInput) => R): R;
  /** Around an attempt, where it runs: restores what the headers carry. `next` calls the handler. */
  run?(input: RunInput, next: (input: RunInput) => unknown): unknown;
}
