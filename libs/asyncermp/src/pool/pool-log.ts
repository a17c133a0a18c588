import { Logger, type LoggerService } from '@nestjs/common';
import type { CrashDetails } from '../contract/errors.js';
import type { LogLevelName, LogLine } from '../protocol/envelope.js';
import { headline, safeInspect, stackOf } from '../contract/safe-inspect.js';
import { lostClassText, type LostClass } from '../protocol/lost-classes.js';

const CONTEXT = 'AsyncerMp';

/** Every text that the library writes to the application's log. */
export class PoolLog {
  readonly #logger: LoggerService;
  readonly #isNest: boolean;
  readonly #lost = new Set<string>();
  #hasSaidTooManyWait = false;

  /** @param logger - Default: Nest's own, with the context `AsyncerMp`. */
  constructor(logger: LoggerService = new Logger(CONTEXT)) {
    this.#isNest = logger instanceof Logger;
    this.#logger = nonThrowing(logger);
  }

  /** A task failed. Once for each task. */
  failed(uid: string, handler: string, error: unknown): void {
    const text = headline(error);
    const stack = stackOf(error);
    this.#logger.error(`Task ${uid} of ${handler} failed: ${text}`, ...(stack ? [stack] : []));
  }

  listenerThrew(event: string, uid: string, error: unknown): void {
    const stack = stackOf(error);
    this.#logger.error(
      `A listener of ${event} threw on task ${uid}: ${headline(error)}`,
      ...(stack ? [stack] : []),
    );
  }

  retryOnThrew(uid: string, handler: string, error: unknown): void {
    this.#logger.error(
      `retryOn threw on task ${uid} of ${handler}, so the task is not tried again: ${headline(error)}`,
    );
  }

  /** A value lost its class. Once for each class, however many workers report it. */
  lostClass(lost: LostClass, handler: string): void {
    const key = `${lost.name}: ${[...lost.methods, ...lost.getters].join()}`;
    if (!this.#lost.has(key)) {
      this.#lost.add(key);
      this.#logger.warn(lostClassText(lost, handler));
    }
  }

  warn(text: string): void {
    this.#logger.warn(text);
  }

  debug(text: string): void {
    this.#logger.debug?.(text);
  }

  noEventEmitter(): void {
    this.#logger.warn(
      'There is no event emitter, so no task events are broadcast. Import EventEmitterModule.forRoot() ' +
        'of @nestjs/event-emitter in the root module to listen with @OnEvent(TaskEvent.Completed).',
    );
  }

  /** @param failures - How many starts failed since the last line. */
  workerStartFailed(worker: number, error: unknown, retryMs: number, failures: number): void {
    const text = stackOf(error) ?? headline(error);
    const more = failures > 1 ? ` (${failures} starts failed since this was logged last)` : '';
    this.#logger.error(
      `Worker ${worker} could not start, next try in ${retryMs} ms${more}: ${text}`,
    );
  }

  /** @param wasStarting - Whether it had not even started. */
  workerKilled(worker: number, wasStarting: boolean): void {
    this.#logger.warn(
      `Worker ${worker} was released and is killed, because ${
        wasStarting
          ? 'it does not get ready'
          : "its providers' shutdown hooks, or what a handler left behind, do not end"
      }`,
    );
  }

  /** @param ending - How many workers do not end, this one included. */
  workerLeftBehind(worker: number, ending: number): void {
    this.#logger.warn(
      `Worker ${worker} does not end, and is left behind: a thread in a native call cannot be interrupted. ` +
        `It ends when that returns. ${ending} such ${ending === 1 ? 'worker is' : 'workers are'} ending now.`,
    );
  }

  workerBlocked(worker: number): void {
    this.#logger.warn(
      `Worker ${worker} does not begin what it was sent, because something that a handler left behind blocks ` +
        'its event loop. It is replaced, and its tasks wait for another worker.',
    );
  }

  /** Said once: where it happens, it goes on happening. */
  tooManyWait(): void {
    if (this.#hasSaidTooManyWait) {
      return;
    }
    this.#hasSaidTooManyWait = true;
    this.#logger.warn(
      'Too many handlers wait for the application at once, so those that wait longer keep their permits. If methods ' +
        'that they call wait for tasks of this pool, they may wait until a timeout. Raise maxProcesses, or do not let ' +
        'tasks wait for tasks that wait for tasks.',
    );
  }

  workerDied(worker: number, { reason, exitCode, cause }: CrashDetails): void {
    const why = cause === undefined ? `${reason}, code ${exitCode}` : safeInspect(cause);
    this.#logger.warn(`Worker ${worker} died without a task: ${why}`);
  }

  /** How the tasks ended that were in flight when a shutdown began. */
  shutdown(
    inFlight: number,
    { finished, cancelled, lost }: { finished: number; cancelled: number; lost: number },
    timeoutMs: number,
  ): void {
    this.#logger.log(
      `Shut down with ${inFlight} tasks in flight: ${finished} finished, ${cancelled} were cancelled, ` +
        `${lost} were lost to the shutdownTimeout of ${timeoutMs} ms`,
    );
  }

  /** A line of a worker's own logger. */
  workerLine(worker: number, level: LogLevelName, line: LogLine): void {
    const { message, context, extra, uid, handler } = line;
    const task = uid === undefined ? `worker ${worker}` : `${handler} ${uid}`;
    const place = context === undefined ? task : `${context} ${task}`;
    if (this.#isNest) {
      // A logger with a context of its own would put that behind ours.
      Logger[level](message, ...extra, place);
    } else if (this.#logger[level]) {
      this.#logger[level](message, ...extra, place);
    } else {
      this.#logger.log(message, ...extra, place);
    }
  }
}

/** An error of the logger cannot be logged, and must not keep a task from settling. */
function nonThrowing(logger: LoggerService): LoggerService {
  return new Proxy(logger, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') {
        return member;
      }
      return (...args: unknown[]): unknown => {
        try {
          return Reflect.apply(member, target, args);
        } catch {
          return undefined;
        }
      };
    },
  });
}
