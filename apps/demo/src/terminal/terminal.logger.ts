import type { LoggerService } from '@nestjs/common';
import type { Terminal } from './terminal.js';

/**
 * The application's logger in the terminal: what is wrong, in a line each, above the progress bar. The
 * pool reports failed tasks here.
 */
export class TerminalLogger implements LoggerService {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Nest's account of its start. */
  log(): void {}

  warn(message: unknown): void {
    this.#terminal.line(`  ! ${String(message)}`);
  }

  /** The stack, which comes after the message, would bury the rest. */
  error(message: unknown): void {
    this.#terminal.line(`  x ${String(message)}`);
  }

  fatal(message: unknown): void {
    this.error(message);
  }
}
