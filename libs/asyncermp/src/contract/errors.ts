import { headline } from './safe-inspect.js';

/** The stable `code` of each error class of this library. */
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

/** The task and the handler that an error is about, as far as they are known. */
export interface ErrorSubject {
  /** The task's uid. */
  readonly uid?: string | undefined;
  /** The handler's name: `Class.method`, or the `name` given to `@CpuTask()`. */
  readonly handler?: string | undefined;
}

/** `task <uid> of <handler>`: the beginning of a message. */
function subjectText({ uid, handler }: ErrorSubject): string {
  return taskText(uid) + handlerText(handler);
}

/** `task <uid>`. */
function taskText(uid: string | undefined): string {
  return uid === undefined ? 'a task' : `task ${uid}`;
}

/** ` of <handler>`. */
function handlerText(handler: string | undefined): string {
  return handler === undefined ? '' : ` of ${handler}`;
}

/**
 * The base class of all errors of this library: `instanceof AsyncerMpError` distinguishes them from
 * errors that a handler threw. An error that comes from a worker keeps its class, `code`, `uid` and
 * `handler`.
 *
 * @example
 * ```ts
 * try {
 *   await mp.run(ThumbnailService, 'thumbnail', [bytes, 200]);
 * } catch (error) {
 *   if (error instanceof AsyncerMpError && error.code === ErrorCode.QueueFull) {
 *     throw new ServiceUnavailableException();
 *   }
 *   throw error;
 * }
 * ```
 */
export abstract class AsyncerMpError extends Error {
  /** Identifies the class of the error. Stable across versions. */
  abstract readonly code: ErrorCode;
  // `declare`, because fields would first be defined as undefined: too slow where 100,000 tasks fail at once.
  /** The task's uid; undefined if the error is not about one task. */
  declare readonly uid: string | undefined;
  /** The handler's name; undefined if the error is not about one handler. */
  declare readonly handler: string | undefined;

  constructor(message: string, subject: ErrorSubject = {}, options?: ErrorOptions) {
    super(message, options);
    this.uid = subject.uid;
    this.handler = subject.handler;
  }
}

/**
 * Creates an error without a stack: the stack would show only the library's timers and messages, and
 * capturing it costs more than the rest of the error. The frames of the caller that awaits the task are
 * added when the task settles.
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
    // Error is frozen, so the error gets its stack after all. Reflect.set() would not throw, but takes ten
    // times as long as this assignment.
  }
}

/**
 * An option is invalid or a handler cannot work. Thrown at bootstrap or by the call. The message names
 * the option, the value it got and what it takes.
 */
export class ConfigurationError extends AsyncerMpError {
  readonly code = ErrorCode.Configuration;
}

/** No handler of the application has the submitted name. The message suggests the nearest names. */
export class UnknownHandlerError extends AsyncerMpError {
  readonly code = ErrorCode.UnknownHandler;
  /** The names of handlers that are nearest to the submitted one, nearest first; at most three. */
  readonly nearest: readonly string[];

  constructor(handler: string, nearest: readonly string[], hint?: string) {
    const known = nearest.length > 0 ? ` Did you mean ${nearest.join(' or ')}?` : '';
    super(
      `${handler} is not a handler of this application.${known} ${
        hint ??
        'Decorate the method with @CpuTask() and list its class in the providers of a module that the application imports.'
      }`,
      { handler },
    );
    this.nearest = nearest;
  }
}

/** The structured clone algorithm cannot copy an argument or a result to another thread. */
export class TaskSerializationError extends AsyncerMpError {
  readonly code = ErrorCode.Serialization;
  /** The path to the value that cannot be cloned: `args[0].user.save`, `result.rows[3]`. */
  readonly path: string;

  constructor(path: string, what: string, subject: ErrorSubject, options?: ErrorOptions) {
    super(
      `${subjectText(subject)}: ${path} ${what}, so it cannot be sent between threads. ` +
        'Pass plain data (objects, arrays, Map, Set, Date, typed arrays) and leave functions, class ' +
        'behaviour and open resources on their side.',
      subject,
      options,
    );
    this.path = path;
  }
}

/** A task with this uid is in flight already. Not thrown with `onDuplicate: 'join'`. */
export class DuplicateTaskError extends AsyncerMpError {
  readonly code = ErrorCode.Duplicate;

  constructor(subject: ErrorSubject) {
    super(
      `${subjectText(subject)} is queued or running already. Use another uid, or ` +
        "onDuplicate: 'join' to get the outcome of the one in flight.",
      subject,
    );
  }
}

/** `maxQueue` tasks wait already. Not thrown with `onFull: 'wait'`. */
export class QueueFullError extends AsyncerMpError {
  readonly code = ErrorCode.QueueFull;
  /** The limit that was reached, in tasks. */
  readonly maxQueue: number;

  constructor(maxQueue: number, subject: ErrorSubject) {
    super(
      `${subjectText(subject)} was refused: the queue holds ${maxQueue} tasks (maxQueue). Try again ` +
        "later, raise maxQueue, or use onFull: 'wait' to make the submission wait its turn.",
      subject,
    );
    this.maxQueue = maxQueue;
  }
}

/** The task was cancelled by its handle, by uid or by its `AbortSignal`. `cause` is the reason. */
export class TaskCancelledError extends AsyncerMpError {
  readonly code = ErrorCode.Cancelled;

  /** @param text - The message after the uid. Default: made of the handler and, if it is a string, the reason. */
  constructor(
    subject: ErrorSubject,
    reason?: unknown,
    text = cancelledText(subject.handler, reason),
  ) {
    super(taskText(subject.uid) + text, subject, { cause: reason });
  }
}

/** What the message of a {@link TaskCancelledError} says after the uid. */
export function cancelledText(handler: string | undefined, reason: unknown): string {
  return `${handlerText(handler)} was cancelled${typeof reason === 'string' ? `: ${reason}` : ''}`;
}

/** Which of a task's time limits passed. */
export type TimeoutPhase = 'queue' | 'run' | 'deadline';

const TIMEOUT_TEXT = {
  queue: (ms: number) => `waited longer than its queueTimeout of ${ms} ms`,
  run: (ms: number) => `ran longer than its timeout of ${ms} ms`,
  deadline: (ms: number) => `did not settle within its deadline of ${ms} ms`,
} satisfies Record<TimeoutPhase, (ms: number) => string>;

/** A time limit of the task passed: `queueTimeout`, `timeout` or `deadline`. */
export class TaskTimeoutError extends AsyncerMpError {
  readonly code = ErrorCode.Timeout;
  /** The limit that passed: `queueTimeout` (`queue`), `timeout` (`run`) or `deadline`. */
  readonly phase: TimeoutPhase;
  /** The limit that passed, in milliseconds. */
  readonly limit: number;

  constructor(phase: TimeoutPhase, limit: number, subject: ErrorSubject) {
    super(`${subjectText(subject)} ${TIMEOUT_TEXT[phase](limit)}`, subject);
    this.phase = phase;
    this.limit = limit;
  }
}

/**
 * Why a worker died while it ran a task. `exit`: the thread exited (`process.exit()`); `error`: an
 * uncaught error; `out-of-memory`: the thread reached its `resourceLimits`.
 */
export type CrashReason = 'exit' | 'error' | 'out-of-memory';

/** How a worker died. */
export interface CrashDetails {
  readonly reason: CrashReason;
  /** The thread's exit code, if it had one. */
  readonly exitCode?: number | undefined;
  /** The uncaught error that the worker threw outside of the task. */
  readonly cause?: unknown;
}

const CRASH_TEXT: Record<CrashReason, string> = {
  exit: 'its worker exited',
  error: 'its worker died of an uncaught error',
  'out-of-memory':
    'its worker ran out of memory (see resourceLimits.maxOldGenerationSizeMb of AsyncerMpModule)',
};

/**
 * The worker died while it ran the task: `process.exit()`, an uncaught error, or out of memory. `cause` is
 * the uncaught error, if there was one.
 */
export class WorkerCrashedError extends AsyncerMpError {
  readonly code = ErrorCode.WorkerCrashed;
  /** Why the worker died. */
  readonly reason: CrashReason;
  /** The thread's exit code, if it had one. */
  readonly exitCode: number | undefined;

  constructor({ reason, exitCode, cause }: CrashDetails, subject: ErrorSubject) {
    const code = exitCode === undefined ? '' : ` with code ${exitCode}`;
    super(
      `${subjectText(subject)}: ${CRASH_TEXT[reason]}${reason === 'exit' ? code : ''}`,
      subject,
      cause === undefined ? undefined : { cause },
    );
    this.reason = reason;
    this.exitCode = exitCode;
  }
}

/** A worker failed to load the handlers or to build their providers. `cause` is the error it threw. */
export class WorkerStartError extends AsyncerMpError {
  readonly code = ErrorCode.WorkerStart;

  constructor(cause: unknown, subject: ErrorSubject = {}) {
    const why = headline(cause);
    super(
      `A worker could not start${subject.uid === undefined ? '' : `, so ${subjectText(subject)} cannot run`}. ` +
        `What it threw while it loaded the handlers and their providers: ${why}`,
      subject,
      { cause },
    );
  }
}

/**
 * The application shuts down: the task was submitted too late, or was not finished when
 * `shutdownTimeout` had passed.
 */
export class ShutdownError extends AsyncerMpError {
  readonly code = ErrorCode.Shutdown;

  constructor(subject: ErrorSubject, phase: 'submitted' | 'unfinished') {
    super(
      phase === 'submitted'
        ? `${subjectText(subject)} was refused: the application is shutting down`
        : `${subjectText(subject)} was not finished when the application shut down (shutdownTimeout)`,
      subject,
    );
  }
}

// On the prototypes, as the built-in errors have it: the name is in the first line of the stack, but not
// among the own properties that loggers print. Spelled out, because minifiers rename classes.
for (const [name, errorClass] of Object.entries({
  ConfigurationError,
  UnknownHandlerError,
  TaskSerializationError,
  DuplicateTaskError,
  QueueFullError,
  TaskCancelledError,
  TaskTimeoutError,
  WorkerCrashedError,
  WorkerStartError,
  ShutdownError,
})) {
  Object.defineProperty(errorClass.prototype, 'name', { value: name, configurable: true });
}
