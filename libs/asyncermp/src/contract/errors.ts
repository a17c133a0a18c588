import { headline } from './safe-inspect.js';

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

/**
 * An option that is not what it must be, or a handler that cannot work, found at bootstrap or at the
 * call. The message names the option, the value it got and what it takes.
 */
export class ConfigurationError extends AsyncerMpError {
  readonly code = ErrorCode.Configuration;
}

/** A submission of something that is no handler. The message lists the names nearest to it. */
export class UnknownHandlerError extends AsyncerMpError {
  readonly code = ErrorCode.UnknownHandler;
  /** The known names nearest to the one that was asked for, nearest first. */
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

/** An argument or a result that the structured clone algorithm cannot copy to another thread. */
export class TaskSerializationError extends AsyncerMpError {
  readonly code = ErrorCode.Serialization;
  /** Where the value stands: `args[0].user.save`, `result.rows[3]`. */
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

/** A uid that is queued or running already, without `onDuplicate: 'join'`. */
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

/** `maxQueue` tasks wait already, without `onFull: 'wait'`. */
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

/** The task was cancelled, by its handle, by uid or by its `AbortSignal`; `cause` is the reason. */
export class TaskCancelledError extends AsyncerMpError {
  readonly code = ErrorCode.Cancelled;

  constructor(subject: ErrorSubject, reason?: unknown) {
    super(taskText(subject.uid) + cancelledText(subject.handler, reason), subject, {
      cause: reason,
    });
  }
}

/** What the last one was, and said behind the uid. */
const last = { handler: undefined, reason: undefined, text: ' was cancelled' } as {
  handler: string | undefined;
  reason: string | undefined;
  text: string;
};

/**
 * What follows the uid. Those that are cancelled very many at once share it: a message of few parts is
 * quicker to make, and half the size.
 */
function cancelledText(handler: string | undefined, given: unknown): string {
  const reason = typeof given === 'string' ? given : undefined;
  if (handler !== last.handler || reason !== last.reason) {
    last.handler = handler;
    last.reason = reason;
    last.text = `${handlerText(handler)} was cancelled${reason === undefined ? '' : `: ${reason}`}`;
  }
  return last.text;
}

/** Which of a task's time limits passed. */
export type TimeoutPhase = 'queue' | 'run' | 'deadline';

const TIMEOUT_TEXT = {
  queue: (ms: number) => `waited longer than its queueTimeout of ${ms} ms`,
  run: (ms: number) => `ran longer than its timeout of ${ms} ms`,
  deadline: (ms: number) => `did not settle within its deadline of ${ms} ms`,
} satisfies Record<TimeoutPhase, (ms: number) => string>;

/** A time limit of the task passed: waiting (`queue`), one attempt (`run`) or all of it (`deadline`). */
export class TaskTimeoutError extends AsyncerMpError {
  readonly code = ErrorCode.Timeout;
  /** Which limit passed: waiting, one attempt, or all of it. */
  readonly phase: TimeoutPhase;
  /** The limit that passed, in milliseconds. */
  readonly limit: number;

  constructor(phase: TimeoutPhase, limit: number, subject: ErrorSubject) {
    super(`${subjectText(subject)} ${TIMEOUT_TEXT[phase](limit)}`, subject);
    this.phase = phase;
    this.limit = limit;
  }
}

/** Why a worker died under a task. */
export type CrashReason = 'exit' | 'error' | 'out-of-memory';

/** How a worker died. */
export interface CrashDetails {
  readonly reason: CrashReason;
  /** The thread's exit code, where it had one. */
  readonly exitCode?: number | undefined;
  /** What the worker threw outside of the task, where it did. */
  readonly cause?: unknown;
}

const CRASH_TEXT: Record<CrashReason, string> = {
  exit: 'its worker exited',
  error: 'its worker died of an uncaught error',
  'out-of-memory':
    'its worker ran out of memory (see resourceLimits.maxOldGenerationSizeMb of AsyncerMpModule)',
};

/** The worker died under the task: `process.exit()`, an uncaught error, or out of memory. */
export class WorkerCrashedError extends AsyncerMpError {
  readonly code = ErrorCode.WorkerCrashed;
  /** Why the worker died. */
  readonly reason: CrashReason;
  /** The thread's exit code, where it had one. */
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

/** A worker could not load the handlers or build their providers; `cause` is what it threw. */
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

/** Submitted after, or unfinished at, the end of a shutdown. */
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

// On the prototypes, where the built-in errors have theirs: in the first line of the stack, and not among
// the properties that logs print. Written out, since a minifier renames classes.
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
