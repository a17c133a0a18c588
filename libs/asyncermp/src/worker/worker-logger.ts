import type { MessagePort } from 'node:worker_threads';
import type { LoggerService } from '@nestjs/common';
import { safeInspect } from '../contract/safe-inspect.js';
import { FromWorker, type LogLevelName, type LogLine } from '../protocol/envelope.js';
import { findUncloneable } from '../protocol/uncloneable.js';
import { runningTask } from './current-task.js';

/** Contexts of Nest's log lines while it builds an application. One application logs them, not each worker. */
const BOOT_CONTEXTS = new Set(['NestFactory', 'InstanceLoader', 'NestApplicationContext']);

/** Nest logs with this context why it cannot build an application. The application logs it as a failed start. */
const START_ERROR_CONTEXT = 'ExceptionHandler';

const STACK = /^.+\n\s+at .+:\d+:\d+/;

/** The logger of a worker's application context. It sends its lines to the application's logger. */
export class WorkerLogger implements LoggerService {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#send('log', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#send('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#send('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#send('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#send('verbose', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#send('fatal', message, rest);
  }

  #send(level: LogLevelName, message: unknown, rest: unknown[]): void {
    // Nest's convention: a string as the last argument is the context, unless it is a stack.
    const last = rest.at(-1);
    const context = typeof last === 'string' && !STACK.test(last) ? last : undefined;
    if (level === 'log' && context !== undefined && BOOT_CONTEXTS.has(context)) {
      return;
    }
    const task = runningTask();
    if (task === undefined && context === START_ERROR_CONTEXT) {
      return;
    }
    const line: LogLine = {
      message,
      context,
      extra: context === undefined ? rest : rest.slice(0, -1),
      uid: task?.uid,
      handler: task?.handler,
    };
    this.#port.postMessage([FromWorker.Log, level, cloneable(line)]);
  }
}

/**
 * The line as it can be sent, with the texts of what cannot be. Whatever the application could not read, and
 * not only what cannot be written, would cost the worker and its task.
 */
function cloneable(line: LogLine): LogLine {
  const { message, extra } = line;
  return { ...line, message: cloneableOrText(message), extra: extra.map(cloneableOrText) };
}

function cloneableOrText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? safeInspect(value) : value;
  }
  try {
    // The copy is checked, and not the value: a getter may return something else when it is read again.
    const copy: unknown = structuredClone(value);
    return findUncloneable(copy, '') ? safeInspect(value) : copy;
  } catch {
    return safeInspect(value);
  }
}
