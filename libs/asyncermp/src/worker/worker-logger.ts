import { inspect } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import type { LoggerService } from '@nestjs/common';
import { FromWorker, type LogLevelName, type LogLine } from '../protocol/envelope.js';
import { runningTask } from './current-task.js';

/** Contexts of Nest's log lines while it builds an application. One application logs them, not each worker. */
const BOOT_CONTEXTS = new Set(['NestFactory', 'InstanceLoader', 'NestApplicationContext']);

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
    const line: LogLine = {
      message,
      context,
      extra: context === undefined ? rest : rest.slice(0, -1),
      uid: task?.uid,
      handler: task?.handler,
    };
    try {
      this.#port.postMessage([FromWorker.Log, level, line]);
    } catch {
      // The line contains something that cannot be cloned.
      const text = {
        ...line,
        message: inspect(message),
        extra: line.extra.map((item) => inspect(item)),
      };
      this.#port.postMessage([FromWorker.Log, level, text]);
    }
  }
}
