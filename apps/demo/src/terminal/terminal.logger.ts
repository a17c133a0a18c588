import type { LoggerService } from '@nestjs/common';
import type { Terminal } from './terminal.js';

/**
 * Logs problems to the terminal, one line each, above the progress bar. The pool reports failed tasks
 * here.
 */
export class TerminalLogger implements LoggerService {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Nest's start-up messages, which are left out. */
  log(): void {}

  warn(message: unknown): void {
    this.#terminal.line(`  ! ${String(message)}`);
  }

  /** Without the stack, which Nest passes after the message: it would push the rest off the screen. */
  error(message: unknown): void {
    this.#terminal.line(`  x ${String(message)}`);
  }

  fatal(message: unknown): void {
    this.error(message);
  }
}
