import {
  TaskTimeoutError,
  withoutStack,
  WorkerCrashedError,
  WorkerStartError,
  type CrashDetails,
  type TimeoutPhase,
  TaskCancelledError,
} from '../contract/errors.js';
import type { HandlerRecord } from './handler-record.js';
import { roughBytesOfOwn } from './rough-bytes.js';

/** A task, as far as an error names it. */
export interface Subject {
  readonly uid: string;
  readonly handlerName: string;
}

/** The subject of an error about the task. */
export function subjectOf({ uid, handlerName }: Subject): { uid: string; handler: string } {
  return { uid, handler: handlerName };
}

/*
 * Errors of tasks that no code of the user threw: their own stack would be the scheduler's. The frames of the
 * code that awaits the task are joined when it is settled.
 */

/** One of the task's time limits passed. */
export function timedOut(task: Subject, phase: TimeoutPhase, limitMs: number): TaskTimeoutError {
  return withoutStack(() => new TaskTimeoutError(phase, limitMs, subjectOf(task)));
}

/** The worker died with the task. */
export function crashed(task: Subject, crash: CrashDetails | undefined): WorkerCrashedError {
  return withoutStack(() => new WorkerCrashedError(crash ?? { reason: 'exit' }, subjectOf(task)));
}

/** There is no worker for the task, and none can be started. */
export function notStarted(task: Subject, error: unknown): WorkerStartError {
  return withoutStack(() => new WorkerStartError(error, subjectOf(task)));
}

/** An error without a stack. */
const ERROR_BYTES = 600;

/**
 * Why a task was cancelled, or many at once. Their errors are created lazily: to build 100,000 errors takes
 * longer than all the rest of a mass cancel, and one that is not kept is gone before the next is built.
 */
export class Cancellation {
  readonly #reason: unknown;
  #bytes: number | undefined = undefined;

  constructor(reason: unknown) {
    this.#reason = reason;
  }

  /** About how many bytes its error takes. Estimated once, however many tasks are cancelled by it. */
  get bytes(): number {
    return (this.#bytes ??= roughBytesOfOwn(this.#reason) + ERROR_BYTES);
  }

  errorOf(task: Subject & { readonly handler: HandlerRecord }): TaskCancelledError {
    const text = task.handler.cancelledText(this.#reason);
    return withoutStack(() => new TaskCancelledError(subjectOf(task), this.#reason, text));
  }
}
