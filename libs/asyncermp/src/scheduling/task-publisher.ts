import { Subject, type Observable } from 'rxjs';
import { CompletedQueue } from '../tasks/completed-queue.js';
import {
  TaskEvent,
  TaskProgressEvent,
  TaskQueuedEvent,
  TaskRetryingEvent,
  TaskStartedEvent,
  type TaskEventPayload,
  type TaskSettledEvent,
} from '../tasks/task.events.js';
import { broadcast, isHeard, type EventEmitterLike } from '../tasks/broadcast.js';
import type { PoolLog } from '../tasks/pool-log.js';
import type { Task } from './task.js';

/** How much `completedQueue` holds: a number of tasks, and of MB. */
export interface KeptOptions {
  readonly completedQueueSize: number;
  readonly retainMemory: number;
}

/**
 * Tells the world what becomes of tasks: the application's event emitter, `completedQueue`,
 * `completed$` and, for failures, the log. A payload is only made where somebody takes it.
 */
export class TaskPublisher {
  readonly completedQueue: CompletedQueue;
  readonly #settled = new Subject<TaskSettledEvent>();

  constructor(
    { completedQueueSize, retainMemory }: KeptOptions,
    private readonly log: PoolLog,
    private readonly emitter: () => EventEmitterLike | undefined,
  ) {
    this.completedQueue = new CompletedQueue(completedQueueSize, retainMemory);
  }

  get completed$(): Observable<TaskSettledEvent> {
    return this.#settled;
  }

  queued(task: Task): void {
    if (this.#isHeard(TaskEvent.Queued, task)) {
      const { uid, handlerName, attempt, priority } = task;
      this.#emit(
        TaskEvent.Queued,
        task,
        new TaskQueuedEvent(uid, handlerName, attempt, Date.now(), priority),
      );
    }
  }

  /** Whether a worker must tell when the task starts. */
  wantsStart(task: Task): boolean {
    return this.#isHeard(TaskEvent.Started, task);
  }

  started(task: Task, waitMs: number, worker: number): void {
    if (this.#isHeard(TaskEvent.Started, task)) {
      const { uid, handlerName, attempt } = task;
      this.#emit(
        TaskEvent.Started,
        task,
        new TaskStartedEvent(uid, handlerName, attempt, Date.now(), waitMs, worker),
      );
    }
  }

  progress(task: Task): void {
    if (this.#isHeard(TaskEvent.Progress, task)) {
      const { uid, handlerName, attempt, progress } = task;
      this.#emit(
        TaskEvent.Progress,
        task,
        new TaskProgressEvent(uid, handlerName, attempt, Date.now(), progress),
      );
    }
  }

  retrying(task: Task, error: unknown, delayMs: number): void {
    if (this.#isHeard(TaskEvent.Retrying, task)) {
      const { uid, handlerName, attempt } = task;
      this.#emit(
        TaskEvent.Retrying,
        task,
        new TaskRetryingEvent(uid, handlerName, attempt, Date.now(), error, delayMs),
      );
    }
  }

  /** The task is settled, with a result of about so many bytes. */
  settled(task: Task, bytes: number): void {
    const { state } = task;
    if (state === 'failed') {
      this.log.failed(task.uid, task.handlerName, task.value);
    }
    const name =
      state === 'completed'
        ? TaskEvent.Completed
        : state === 'failed'
          ? TaskEvent.Failed
          : TaskEvent.Cancelled;
    const isHeard = this.#isHeard(name, task);
    if (!isHeard && !this.#settled.observed) {
      this.completedQueue.put(task, bytes);
      return;
    }
    const { event } = task;
    this.completedQueue.put(event, bytes);
    if (isHeard) {
      this.#emit(name, task, event);
    }
    if (this.#settled.observed) {
      // RxJS reports what an observer throws by itself, in a task of its own.
      this.#settled.next(event);
    }
  }

  close(): void {
    this.completedQueue.close();
    this.#settled.complete();
  }

  #isHeard(event: TaskEvent, { handler }: Task): boolean {
    const emitter = this.emitter();
    return (
      emitter !== undefined &&
      (isHeard(emitter, event) || isHeard(emitter, handler.eventNames[event]))
    );
  }

  #emit(event: TaskEvent, { handler }: Task, payload: TaskEventPayload): void {
    const emitter = this.emitter();
    for (const name of [event, handler.eventNames[event]]) {
      if (emitter && isHeard(emitter, name)) {
        broadcast(emitter, name, payload, (error) => {
          this.log.listenerThrew(name, payload.uid, error);
        });
      }
    }
  }
}
