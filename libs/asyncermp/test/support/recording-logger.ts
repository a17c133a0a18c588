import type { LoggerService } from '@nestjs/common';

export interface LogEntry {
  readonly level: string;
  readonly message: unknown;
  readonly rest: readonly unknown[];
}

/** A logger that keeps its entries. */
export class RecordingLogger implements LoggerService {
  readonly entries: LogEntry[] = [];

  log = this.#as('log');
  error = this.#as('error');
  warn = this.#as('warn');
  debug = this.#as('debug');
  verbose = this.#as('verbose');
  fatal = this.#as('fatal');

  /** The entries that contain the text. */
  with(text: string): LogEntry[] {
    return this.entries.filter(({ message, rest }) => [message, ...rest].join(' ').includes(text));
  }

  #as(level: string) {
    return (message: unknown, ...rest: unknown[]): void => {
      this.entries.push({ level, message, rest });
    };
  }
}
