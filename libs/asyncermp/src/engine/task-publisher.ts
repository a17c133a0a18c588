import { Subject, type Observable } from 'rxjs';
import { SettledTaskQueue } from './completed-queue.js';
import {
  TaskEvent,
  TaskOutcomeEvent,
  TaskProgressEvent,
  TaskQueuedEvent,
  TaskRetryingEvent,
  TaskStartedEvent,
  type TaskEventPayload,
  type TaskSettledEvent,
} from '../contract/task-events.js';
import type { PoolLog } from '../pool/pool-log.js';
import type { HandlerRecord } from './handler-record.js';
import type { Task } from './task.js';

/** How much `completedQueue` holds: a number of tasks, and of MB. */
interface KeptOptions {
  readonly completedQueueSize: number;
  readonly retainMemory: number;
}

/** An event that waits until listeners have heard the one before. */
interface WaitingEvent {
  readonly name: TaskEvent;
  readonly handler: HandlerRecord;
  readonly payload: TaskEventPayload;
}

/**
 * Publishes the events of tasks: to the application's event emitter, `completedQueue`, `completed$` and, for
 * failures, the log. A payload is made only if something takes it.
 *
 * Listeners are code of the user. Whatever they do or throw, no method here throws. Events that they cause
 * (a listener cancels another task, say) are broadcast after the current one: so all listeners hear the events
 * of a task in their order, and a chain of listeners that cancel one another's tasks needs no deep stack.
 */
export class TaskPublisher {
  readonly completedQueue: SettledTaskQueue;
  readonly #log: PoolLog;
  readonly #emitter: () => EventEmitterLike | undefined;
  readonly #settled = new Subject<TaskSettledEvent>();
  readonly #waiting: WaitingEvent[] = [];
  #isBroadcasting = false;

  constructor(
    { completedQueueSize, retainMemory }: KeptOptions,
    log: PoolLog,
    emitter: () => EventEmitterLike | undefined,
  ) {
    this.#log = log;
    this.#emitter = emitter;
    this.completedQueue = new SettledTaskQueue(completedQueueSize, retainMemory);
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

  /** Whether anything listens to the start of the task, so that its worker must report it. */
  listensToStart(task: Task): boolean {
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

  /** @param bytes - About how much memory the settled task takes. */
  settled(task: Task, bytes: number): void {
    const { state } = task;
    if (state === 'failed') {
      this.#log.failed(task.uid, task.handlerName, task.value);
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
    this.#emit(name, task, event);
  }

  close(): void {
    this.completedQueue.close();
    this.#settled.complete();
  }

  #isHeard(event: TaskEvent, { handler }: Task): boolean {
    const emitter = this.#emitter();
    try {
      return (
        emitter !== undefined &&
        (isHeard(emitter, event) || isHeard(emitter, handler.eventNames[event]))
      );
    } catch {
      // An emitter of the application's own. To emit will throw, too, and log it.
      return true;
    }
  }

  #emit(name: TaskEvent, { handler }: Task, payload: TaskEventPayload): void {
    if (this.#isBroadcasting) {
      this.#waiting.push({ name, handler, payload });
      return;
    }
    this.#isBroadcasting = true;
    this.#deliver(name, handler, payload);
    // Also those that are added meanwhile.
    for (const next of this.#waiting) {
      this.#deliver(next.name, next.handler, next.payload);
    }
    this.#waiting.length = 0;
    this.#isBroadcasting = false;
  }

  #deliver(event: TaskEvent, handler: HandlerRecord, payload: TaskEventPayload): void {
    const emitter = this.#emitter();
    for (const name of [event, handler.eventNames[event]]) {
      const onError = (error: unknown): void => {
        this.#log.listenerThrew(name, payload.uid, error);
      };
      try {
        if (emitter && isHeard(emitter, name)) {
          broadcast(emitter, name, payload, onError);
        }
      } catch (error) {
        onError(error);
      }
    }
    if (payload instanceof TaskOutcomeEvent && this.#settled.observed) {
      // RxJS reports what an observer throws by itself, in a task of its own.
      this.#settled.next(payload as TaskSettledEvent);
    }
  }
}

type Listener = (this: unknown, ...values: unknown[]) => unknown;

/** What is used of `EventEmitter2`, so that `@nestjs/event-emitter` stays optional. */
export interface EventEmitterLike {
  /** With wildcards its names are a tree, and `hasListeners` does not count those of `onAny()`. */
  readonly wildcard?: boolean;
  hasListeners(name: string): boolean;
  listeners(name: string): Listener[];
  listenersAny(): Listener[];
}

/** Whether anything listens to events of that name. */
function isHeard(emitter: EventEmitterLike, name: string): boolean {
  return (
    emitter.hasListeners(name) || (emitter.wildcard === true && emitter.listenersAny().length > 0)
  );
}

/**
 * Does what `emitter.emit(name, payload)` does, but isolates listeners from each other: `emit` ends at the
 * first listener that throws, and lets the rejection of an asynchronous one end the process.
 */
export function broadcast(
  emitter: EventEmitterLike,
  name: string,
  payload: unknown,
  onError: (error: unknown) => void,
): void {
  // As emit() does, for listeners that read `this.event`.
  Reflect.set(emitter, 'event', name);
  for (const listener of emitter.listenersAny().slice()) {
    callListener(() => listener.call(emitter, name, payload), onError);
  }
  for (const listener of emitter.listeners(name).slice()) {
    callListener(() => listener.call(emitter, payload), onError);
  }
}

function callListener(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    const returned = call();
    if (returned instanceof Promise) {
      returned.catch(onError);
    }
  } catch (error) {
    onError(error);
  }
}
