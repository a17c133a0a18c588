import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { TaskEvent, type TaskCompletedEvent } from 'nestjs-asyncermp';
import { millisecondsText, wholeText } from './format.js';
import { Terminal } from './terminal.js';

/** Lines between two looks at the loop: enough to see them come, and not so many that they bury it. */
const MOST_LINES = 2;

/** Prints the completions of tasks as they are broadcast. */
@Injectable()
export class CompletionListener {
  #completed = 0;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  @OnEvent(TaskEvent.Completed)
  onCompleted({ uid, handler, waitMs, runMs }: TaskCompletedEvent): void {
    if (++this.#completed > MOST_LINES) {
      return;
    }
    const times = `ran ${millisecondsText(runMs)}, waited ${millisecondsText(waitMs)}`;
    this.#terminal.line(`  + ${handler}: ${uid} (${times})`);
  }

  /** Counts those that were not printed, and begins anew. */
  endInterval(): void {
    const more = this.#completed - MOST_LINES;
    this.#completed = 0;
    if (more > 0) {
      this.#terminal.line(`  + ${wholeText(more)} more`);
    }
  }
}
