import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import {
  TaskEvent,
  type TaskCancelledEvent,
  type TaskCompletedEvent,
  type TaskFailedEvent,
} from 'nestjs-asyncermp';

/** Notes how tasks ended, in the order in which it is told. */
@Injectable()
export class OutcomesListener {
  readonly seen: string[] = [];

  @OnEvent(TaskEvent.Completed)
  @OnEvent(TaskEvent.Failed)
  @OnEvent(TaskEvent.Cancelled)
  note({ handler, state }: TaskCompletedEvent | TaskFailedEvent | TaskCancelledEvent): void {
    this.seen.push(`${handler} ${state}`);
  }
}
