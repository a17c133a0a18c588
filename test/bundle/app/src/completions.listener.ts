import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { TaskEvent, type TaskCompletedEvent, type TaskFailedEvent } from 'nestjs-asyncermp';

/** Notes how tasks ended, in the order in which it is told. */
@Injectable()
export class CompletionsListener {
  readonly seen: string[] = [];

  @OnEvent(TaskEvent.Completed)
  @OnEvent(TaskEvent.Failed)
  note({ handler, state }: TaskCompletedEvent | TaskFailedEvent): void {
    this.seen.push(`${handler} ${state}`);
  }
}
