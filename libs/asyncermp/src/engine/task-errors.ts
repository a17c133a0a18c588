import {
  TaskTimeoutError,
  withoutStack,
  WorkerCrashedError,
  WorkerStartError,
  type CrashDetails,
  type TimeoutPhase,
  TaskCancelledError,
} from '../contract/errors.js';

/** A task, as far as an error names it. */
export interface Subject {
  readonly uid: string;
  readonly handlerName: string;
}

/** Whom an error about the task is about. */
export function subjectOf({ uid, handlerName }: Subject): { uid: string; handler: string } {
  return { uid, handler: handlerName };
}

/*
 * What tasks fail with that is nobody's code: the stack would be the scheduler's. The frames of whoever
 * awaits the task are joined when it is settled.
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

/**
 * Why a task was cancelled, or very many at once. To make their errors takes longer than all the rest of it,
 * so that each is made when somebody asks for it: one that nobody keeps is gone before the next is there.
 */
export class Cancellation {
  constructor(private readonly reason: unknown) {}

  errorOf(task: Subject): TaskCancelledError {
    return withoutStack(() => new TaskCancelledError(subjectOf(task), this.reason));
  }
}
