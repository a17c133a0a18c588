/** The stable `code` of every error of this library. */
export const ErrorCode = {
  /** Of a {@link ConfigurationError}. */
  Configuration: 'ASYNCERMP_CONFIGURATION',
  /** Of an {@link UnknownHandlerError}. */
  UnknownHandler: 'ASYNCERMP_UNKNOWN_HANDLER',
  /** Of a {@link TaskSerializationError}. */
  Serialization: 'ASYNCERMP_SERIALIZATION',
  /** Of a {@link DuplicateTaskError}. */
  Duplicate: 'ASYNCERMP_DUPLICATE',
  /** Of a {@link QueueFullError}. */
  QueueFull: 'ASYNCERMP_QUEUE_FULL',
  /** Of a {@link TaskCancelledError}. */
  Cancelled: 'ASYNCERMP_CANCELLED',
  /** Of a {@link TaskTimeoutError}. */
  Timeout: 'ASYNCERMP_TIMEOUT',
  /** Of a {@link WorkerCrashedError}. */
  WorkerCrashed: 'ASYNCERMP_WORKER_CRASHED',
  /** Of a {@link WorkerStartError}. */
  WorkerStart: 'ASYNCERMP_WORKER_START',
  /** Of a {@link ShutdownError}. */
  Shutdown: 'ASYNCERMP_SHUTDOWN',
} as const;

/** One of the values of {@link ErrorCode}. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Whom an error is about: the task's uid and its handler's name, where there is a task. */
export interface ErrorSubject {
  /** The task's uid. */
  readonly uid?: string | undefined;
  /** The handler's name, `Class.method` unless `@CpuTask({ name })` says otherwise. */
  readonly handler?: string | undefined;
}

/** `task <uid> of <handler>`, for the beginning of a message. */
export function subjectText({ uid, handler }: ErrorSubject): string {
  return taskText(uid) + handlerText(handler);
}

/** `task <uid>`. */
export function taskText(uid: string | undefined): string {
  return uid === undefined ? 'a task' : `task ${uid}`;
}

/** ` of <handler>`. */
export function handlerText(handler: string | undefined): string {
  return handler === undefined ? '' : ` of ${handler}`;
}

/**
 * What every error of this library extends: `instanceof AsyncerMpError` tells its own failures from
 * those that a handler threw. All of them keep their class, `code`, `uid` and `handler` when they are
 * sent from a worker.
 */
export abstract class AsyncerMpError extends Error {
  /** Stable across versions, for programs. */
  abstract readonly code: ErrorCode;
  // Declared, and not fields: those would be defined as undefined first, for each of very many errors.
  /** The task's uid, where the error is about one task. */
  declare readonly uid: string | undefined;
  /** The handler's name, where the error is about one handler. */
  declare readonly handler: string | undefined;

  constructor(message: string, subject: ErrorSubject = {}, options?: ErrorOptions) {
    super(message, options);
    this.uid = subject.uid;
    this.handler = subject.handler;
  }
}

/**
 * Makes an error whose stack would only show the library's own timers and messages: it has none, which
 * costs nothing, until the frames of whoever awaits the task are put to it.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error;
  limitStackTrace(0);
  try {
    return make();
  } finally {
    limitStackTrace(stackTraceLimit);
  }
}

function limitStackTrace(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {
    // Somebody has frozen Error, and so errors have their stacks. Reflect.set() would not throw, and takes
    // ten times as long.
  }
}
