import type { SettledState } from './task-handle.js';

/**
 * The names of the events, for `@OnEvent(TaskEvent.Completed)`. Each event is also emitted under a name
 * for its handler only: see {@link taskEventOf}.
 */
export const TaskEvent = {
  /** The task was accepted: {@link TaskQueuedEvent}. */
  Queued: 'asyncermp.task.queued',
  /** An attempt began on a worker: {@link TaskStartedEvent}. */
  Started: 'asyncermp.task.started',
  /** The handler reported progress: {@link TaskProgressEvent}. */
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
 * The name under which an event is emitted for one handler only.
 *
 * @param event - One of {@link TaskEvent}.
 * @param handler - The handler's name: `Class.method`, or the `name` given to `@CpuTask()`.
 *
 * @example
 * ```ts
 * @OnEvent(taskEventOf(TaskEvent.Completed, 'ThumbnailService.thumbnail'))
 * ```
 */
export function taskEventOf<E extends TaskEvent, H extends string>(event: E, handler: H) {
  return `${event}.${handler}` as const;
}

/** The properties that all events have. */
export abstract class TaskEventPayload {
  constructor(
    /** The task's uid. */
    readonly uid: string,
    /** The handler's name, `Class.method` by default. */
    readonly handler: string,
    /** The number of the attempt, from 1; 0 before the first one. */
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
    /** The task's priority: higher runs first. */
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
    /** The number of the worker that runs the attempt. */
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
    /** The value given to `currentTask().progress()`. */
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
    /** The backoff before the next attempt is queued, in milliseconds. */
    readonly delayMs: number,
  ) {
    super(uid, handler, attempt, at);
  }
}

/** The properties that the three events of settled tasks have in addition. */
export abstract class TaskOutcomeEvent extends TaskEventPayload {
  /** How the task ended. */
  abstract readonly state: SettledState;

  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    /** From acceptance to the start of the last attempt, or to the end if none started, in milliseconds. */
    readonly waitMs: number,
    /** From the start of the last attempt to its end, in milliseconds; 0 if none started. */
    readonly runMs: number,
    /** Number of calls of the handler: above 1 only for a task of several items of `map()`. */
    readonly items: number,
  ) {
    super(uid, handler, attempt, at);
  }
}

/** `asyncermp.task.completed`: the handler returned. */
export class TaskCompletedEvent<R = unknown> extends TaskOutcomeEvent {
  /** Discriminates {@link TaskSettledEvent}. */
  readonly state = 'completed';

  constructor(
    uid: string,
    handler: string,
    attempt: number,
    at: number,
    waitMs: number,
    runMs: number,
    items: number,
    /** What the handler returned; an array of results for a task of several items. */
    readonly result: R,
  ) {
    super(uid, handler, attempt, at, waitMs, runMs, items);
  }
}

/** `asyncermp.task.failed`: no attempt is left. */
export class TaskFailedEvent extends TaskOutcomeEvent {
  /** Discriminates {@link TaskSettledEvent}. */
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

/** `asyncermp.task.cancelled`: the task was cancelled. */
export class TaskCancelledEvent extends TaskOutcomeEvent {
  /** Discriminates {@link TaskSettledEvent}. */
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

/** How a task ended: what `completedQueue` and `completed$` deliver. `state` discriminates the union. */
export type TaskSettledEvent<R = unknown> =
  TaskCompletedEvent<R> | TaskFailedEvent | TaskCancelledEvent;
