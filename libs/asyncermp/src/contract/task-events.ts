import type { SettledState } from './task-handle.js';

/**
 * The names of the events, for `@OnEvent(TaskEvent.Completed)`. Each is also broadcast with the
 * handler's name behind it, for one handler only: see {@link taskEventOf}.
 */
export const TaskEvent = {
  /** The task was accepted: {@link TaskQueuedEvent}. */
  Queued: 'asyncermp.task.queued',
  /** An attempt began on a worker: {@link TaskStartedEvent}. */
  Started: 'asyncermp.task.started',
  /** The handler reported how far it is: {@link TaskProgressEvent}. */
  Progress: 'asyncermp.task.progress',
  /** An attempt failed, and another one follows: {@link TaskRetryingEvent}. */
  Retrying: 'asyncermp.task.retrying',
  /** The handler returned: {@link TaskCompletedEvent}. */
  Completed: 'asyncermp.task.completed',
  /** No attempt is left: {@link TaskFailedEvent}. */
  Failed: 'asyncermp.task.failed',
  /** The task was cancelled: {@link TaskCancelledEvent}. */
  Cancelled: 'asyncermp.task.cancelled',
} as const;

/** One of the values of {@link TaskEvent}. */
export type TaskEvent = (typeof TaskEvent)[keyof typeof TaskEvent];

/**
 * The name of an event for one handler only.
 *
 * @example
 * ```ts
 * @OnEvent(taskEventOf(TaskEvent.Completed, 'ThumbnailService.thumbnail'))
 * ```
 */
export function taskEventOf<E extends TaskEvent, H extends string>(event: E, handler: H) {
  return `${event}.${handler}` as const;
}

/** What every event carries. */
export abstract class TaskEventPayload {
  constructor(
    /** The task's uid. */
    readonly uid: string,
    /** The handler's name, `Class.method` by default. */
    readonly handler: string,
    /** Which attempt it is about, from 1; 0 before the first one. */
    readonly attempt: number,
    /** When it happened, in milliseconds since the epoch. */
    readonly at: number,
  ) {}
}

/** `asyncermp.task.queued`: the task was accepted. */
export class TaskQueuedEvent extends TaskEventPayload {
  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    /** Higher is taken first. */
    readonly priority: number,
  ) {
    super(uid, handler, attempt, at);
  }
}

/** `asyncermp.task.started`: an attempt began on a worker. */
export class TaskStartedEvent extends TaskEventPayload {
  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    /** From acceptance to the start of this attempt, in milliseconds. */
    readonly waitMs: number,
    /** The number of the worker it runs on. */
    readonly worker: number,
  ) {
    super(uid, handler, attempt, at);
  }
}

/** `asyncermp.task.progress`: the handler called `currentTask().progress(value)`. */
export class TaskProgressEvent extends TaskEventPayload {
  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    /** What the handler reported. */
    readonly progress: unknown,
  ) {
    super(uid, handler, attempt, at);
  }
}

/** `asyncermp.task.retrying`: an attempt failed, and another one follows. */
export class TaskRetryingEvent extends TaskEventPayload {
  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    /** Why the attempt failed. */
    readonly error: unknown,
    /** Until the next attempt is queued, in milliseconds. */
    readonly delayMs: number,
  ) {
    super(uid, handler, attempt, at);
  }
}

/** What the three settling events carry besides. */
export abstract class TaskOutcomeEvent extends TaskEventPayload {
  /** How the task ended. */
  abstract readonly state: SettledState;

  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    /** From acceptance to the start of the last attempt (or to the end, without one), in ms. */
    readonly waitMs: number,
    /** From the start of the last attempt to its end, in milliseconds; 0 without one. */
    readonly runMs: number,
    /** How many calls of the handler it was: above 1 only for tasks that `map()` made. */
    readonly items: number,
  ) {
    super(uid, handler, attempt, at);
  }
}

/** `asyncermp.task.completed`. */
export class TaskCompletedEvent<R = unknown> extends TaskOutcomeEvent {
  /** Tells the outcomes apart. */
  readonly state = 'completed';

  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    waitMs: number,
    runMs: number,
    items: number,
    /** What the handler returned; a list of that for a task of several items. */
    readonly result: R,
  ) {
    super(uid, handler, attempt, at, waitMs, runMs, items);
  }
}

/** `asyncermp.task.failed`. */
export class TaskFailedEvent extends TaskOutcomeEvent {
  /** Tells the outcomes apart. */
  readonly state = 'failed';

  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    waitMs: number,
    runMs: number,
    items: number,
    /** What the handler threw, or an `AsyncerMpError`. */
    readonly error: unknown,
  ) {
    super(uid, handler, attempt, at, waitMs, runMs, items);
  }
}

/** `asyncermp.task.cancelled`. */
export class TaskCancelledEvent extends TaskOutcomeEvent {
  /** Tells the outcomes apart. */
  readonly state = 'cancelled';

  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    waitMs: number,
    runMs: number,
    items: number,
    /** A `TaskCancelledError` whose `cause` is the reason. */
    readonly error: unknown,
  ) {
    super(uid, handler, attempt, at, waitMs, runMs, items);
  }
}

/** How a task ended: what `completedQueue` and `completed$` give. */
export type TaskSettledEvent<R = unknown> =
  TaskCompletedEvent<R> | TaskFailedEvent | TaskCancelledEvent;
