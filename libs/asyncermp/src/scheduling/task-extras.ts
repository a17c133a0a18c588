import type { Transferable } from 'node:worker_threads';
import type { TimerNode } from './deadline-timers.js';
import type { Task } from './task.js';

/** What a call may give with a task, beside its arguments and its policy. */
export interface GivenExtras {
  /** The caller's own name for it. */
  readonly uid: string | undefined;
  /** What is to be handed over with the arguments. */
  readonly handOver: readonly Transferable[] | undefined;
  /** What cancels it when it is aborted. */
  readonly signals: readonly AbortSignal[] | undefined;
}

/**
 * What most tasks never have: in a record of its own, made when it is needed, so that a million waiting
 * tasks do not carry it.
 */
export class TaskExtras {
  uid: string | undefined = undefined;
  handOver: readonly Transferable[] | undefined = undefined;
  signals: readonly AbortSignal[] | undefined = undefined;
  progress: unknown = undefined;
  /** Attempts whose failure was the handler's own: an error, or a timeout. */
  failures = 0;
  /** Workers that died under it. */
  crashes = 0;
  /** Workers that died with nothing running, before they had begun it. */
  returns = 0;
  /** Why the attempt on the lane counts as failed although it still runs. */
  verdict: { readonly error: unknown } | undefined = undefined;
  /** The next of its time limits, or the end of its backoff. */
  timer: TimerNode<Task> | undefined = undefined;
}
