import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { TaskEvent, type TaskCompletedEvent } from 'nestjs-asyncermp';

/** A listener such as an application has, called for every completed task. */
@Injectable()
export class CompletionListener {
  completed = 0;
  lastUid = '';

  @OnEvent(TaskEvent.Completed)
  onCompleted({ uid }: TaskCompletedEvent): void {
    this.completed++;
    this.lastUid = uid;
  }
}
