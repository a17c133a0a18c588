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
  /** Counts up, since a uid can be used again once its task has settled. */
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
  /** The time at which this state began, in milliseconds since the epoch. */
  readonly since: number;
}

/** Rows that are new or have changed. With `isAll` they replace all rows of the client. */
export interface TaskRows {
  readonly isAll: boolean;
  readonly rows: readonly TaskRow[];
}

/** Rows kept per handler. In one list for all, the tiles of a single zoom would push out the rest. */
const MOST_ROWS = 40;

/** Changes are collected for this long, since a client that zooms causes hundreds per second. */
const SEND_EVERY_MS = 200;

/** The latest tasks, as their events describe them. */
@Injectable()
export class TaskLog {
  /** By uid, oldest first. */
  readonly #rows = new Map<string, TaskRow>();
  readonly #changed = new Subject<TaskRow>();
  #count = 0;

  /** Sends all rows first, and changes from then on. */
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

/** With the stack, as in the log: the list is for the developer of the handlers. */
function withStack(error: unknown): TaskRow['error'] & object {
  const view = viewOfError(error);
  return error instanceof Error ? { ...view, stack: stackOf(error) } : view;
}

/** With a limited number of causes, since they can form a circle. */
function stackOf(error: Error, causes = 3): string {
  const stack = error.stack ?? error.message;
  const { cause } = error;
  if (!(cause instanceof Error) || causes === 0) {
    return stack;
  }
  return `${stack}\nCaused by: ${stackOf(cause, causes - 1)}`;
}
