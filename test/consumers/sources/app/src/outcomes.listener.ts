import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import {
  TaskEvent,
  type TaskCancelledEvent,
  type TaskCompletedEvent,
  type TaskFailedEvent,
} from 'nestjs-asyncermp';

/** Notes the outcomes of tasks in the order of their events. */
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
