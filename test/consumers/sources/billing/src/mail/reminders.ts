import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { Interval } from '@nestjs/schedule';
import type { Queue } from 'bullmq';
import { note } from '../presence.js';
import { STATEMENT_DRAWN } from '../statements/statement.js';

/** What listens, and what runs by the clock. */
@Injectable()
export class Reminders {
  /** The statements that it has heard of. */
  readonly heard: string[] = [];
  #waiting: (() => void)[] = [];

  constructor(@InjectQueue('mails') readonly mails: Queue) {
    note('queue');
  }

  @OnEvent(STATEMENT_DRAWN)
  hear(customer: string): void {
    note('listener');
    this.heard.push(customer);
  }

  @Interval(20)
  remind(): void {
    note('schedule');
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
    }
  }

  /** Resolves when the schedule has run so often from now on. */
  async reminded(times: number): Promise<void> {
    for (let left = times; left > 0; left -= 1) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
