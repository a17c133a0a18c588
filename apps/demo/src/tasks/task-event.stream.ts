import {
  Injectable,
  type BeforeApplicationShutdown,
  type MessageEvent as ServerEvent,
} from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { TaskEvent, type TaskEventPayload } from 'nestjs-asyncermp';
import { fromEvent, map, merge, Subject, takeUntil, type Observable } from 'rxjs';
import { viewOfError } from './task-view.js';

/** The broadcast events of all tasks, as a stream for each client. */
@Injectable()
export class TaskEventStream implements BeforeApplicationShutdown {
  readonly #shutdown = new Subject<void>();
  readonly #emitter: EventEmitter2;

  constructor(emitter: EventEmitter2) {
    this.#emitter = emitter;
  }

  /**
   * Named `queued`, `started`, `progress` and so on. It listens only while a client is subscribed, since
   * an event without a listener costs the pool nothing.
   */
  open(): Observable<ServerEvent> {
    const streams = Object.values(TaskEvent).map((name) =>
      (fromEvent(this.#emitter, name) as Observable<TaskEventPayload>).pipe(
        map((event) => ({ type: name.slice(name.lastIndexOf('.') + 1), data: dataOf(event) })),
      ),
    );
    return merge(...streams).pipe(takeUntil(this.#shutdown));
  }

  /**
   * Nest calls this after the pool has drained, so that clients see the end of every task, and before the
   * server waits for its connections to close, which an open stream would prevent.
   */
  beforeApplicationShutdown(): void {
    this.#shutdown.next();
  }
}

/** Without the result, which may be large: `GET /tasks/:uid` has it. */
function dataOf(event: TaskEventPayload): object {
  const { result: _result, ...data } = event as TaskEventPayload & { readonly result?: unknown };
  return 'error' in data ? { ...data, error: viewOfError(data.error) } : data;
}
