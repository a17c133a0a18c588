import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { TaskEvent, type TaskCompletedEvent } from 'nestjs-asyncermp';
import { millisecondsText, wholeText } from './format.js';
import { Terminal } from './terminal.js';

/** Lines between two samples of the loop. More would push the samples off the screen. */
const MOST_LINES = 2;

/** Prints completed tasks as their events arrive. */
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

  /** Prints the number of tasks that got no line, and starts the next interval. */
  endInterval(): void {
    const more = this.#completed - MOST_LINES;
    this.#completed = 0;
    if (more > 0) {
      this.#terminal.line(`  + ${wholeText(more)} more`);
    }
  }
}
