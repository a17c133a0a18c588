import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import {
  TaskEvent,
  type TaskOutcomeEvent,
  type TaskProgressEvent,
  type TaskQueuedEvent,
  type TaskRetryingEvent,
  type TaskSettledEvent,
  type TaskStartedEvent,
  type TaskState,
} from 'nestjs-asyncermp';
import { bufferTime, concat, defer, filter, map, of, Subject, type Observable } from 'rxjs';
import { viewOfError, type ErrorView } from './task-view.js';

/** A line of the task list. */
export interface TaskRow {
  /** Counts up, since a uid may come again once it is free. */
  readonly id: number;
  readonly uid: string;
  readonly handler: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly worker?: number;
  readonly progress?: unknown;
  readonly waitMs?: number;
  readonly runMs?: number;
  readonly error?: ErrorView & { readonly stack?: string };
  /** When it got into this state, in milliseconds since the epoch. */
  readonly since: number;
}

/** Rows that are new or have changed; `isAll` where they replace what the client has. */
export interface TaskRows {
  readonly isAll: boolean;
  readonly rows: readonly TaskRow[];
}

/** Of each handler, or the tiles of a single zoom would leave nothing else. */
const MOST_ROWS = 40;

/** Changes are sent together: a client that zooms makes hundreds of them in a second. */
const SEND_EVERY_MS = 200;

/** The last tasks, in the words of their events. */
@Injectable()
export class TaskLog {
  /** By uid, oldest first. */
  readonly #rows = new Map<string, TaskRow>();
  readonly #changed = new Subject<TaskRow>();
  #count = 0;

  /** What there is, and then what changes. */
  open(): Observable<TaskRows> {
    const changes = this.#changed.pipe(
      bufferTime(SEND_EVERY_MS),
      filter((rows) => rows.length > 0),
      map((rows) => ({
        isAll: false,
        rows: [...new Map(rows.map((row) => [row.id, row])).values()],
      })),
    );
    return concat(
      defer(() => of({ isAll: true, rows: [...this.#rows.values()] })),
      changes,
    );
  }

  @OnEvent(TaskEvent.Queued)
  onQueued({ uid, handler, attempt, at }: TaskQueuedEvent): void {
    this.#rows.delete(uid);
    const id = ++this.#count;
    this.#put({ id, uid, handler, attempt, state: 'queued', since: at });
    const siblings = [...this.#rows.values()].filter((row) => row.handler === handler);
    for (const oldest of siblings.slice(0, -MOST_ROWS)) {
      this.#rows.delete(oldest.uid);
    }
  }

  @OnEvent(TaskEvent.Started)
  onStarted({ uid, attempt, worker, waitMs, at }: TaskStartedEvent): void {
    this.#change(uid, { state: 'running', attempt, worker, waitMs, since: at });
  }

  @OnEvent(TaskEvent.Progress)
  onProgress({ uid, progress }: TaskProgressEvent): void {
    this.#change(uid, { progress });
  }

  @OnEvent(TaskEvent.Retrying)
  onRetrying({ uid, attempt, error, at }: TaskRetryingEvent): void {
    this.#change(uid, { state: 'retrying', attempt, error: withStack(error), since: at });
  }

  @OnEvent(TaskEvent.Completed)
  @OnEvent(TaskEvent.Failed)
  @OnEvent(TaskEvent.Cancelled)
  onSettled(event: TaskSettledEvent): void {
    const { uid, state, attempt, waitMs, runMs, at }: TaskOutcomeEvent = event;
    const error = event.state === 'completed' ? {} : { error: withStack(event.error) };
    this.#change(uid, { state, attempt, waitMs, runMs, since: at, ...error });
  }

  #change(uid: string, change: Partial<TaskRow>): void {
    const row = this.#rows.get(uid);
    if (row) {
      this.#put({ ...row, ...change });
    }
  }

  #put(row: TaskRow): void {
    this.#rows.set(row.uid, row);
    this.#changed.next(row);
  }
}

/** The list is for whoever develops the handlers, and shows what the log shows. */
function withStack(error: unknown): TaskRow['error'] & object {
  const view = viewOfError(error);
  return error instanceof Error ? { ...view, stack: stackOf(error) } : view;
}

/** With its causes, of which some are enough: they may go round in a circle. */
function stackOf(error: Error, causes = 3): string {
  const stack = error.stack ?? error.message;
  const { cause } = error;
  if (!(cause instanceof Error) || causes === 0) {
    return stack;
  }
  return `${stack}\nCaused by: ${stackOf(cause, causes - 1)}`;
}
