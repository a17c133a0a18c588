import {
  TaskEvent,
  type TaskCancelledEvent,
  type TaskCompletedEvent,
  type TaskEventPayload,
  type TaskFailedEvent,
  type TaskProgressEvent,
  type TaskQueuedEvent,
  type TaskRetryingEvent,
  type TaskStartedEvent,
} from '../contract/task-events.js';
import type { EventEmitterLike } from '../engine/task-publisher.js';

/** The payload of each event, by the event's name. */
export interface TaskEventPayloads<R = unknown> {
  /** The task was accepted. */
  readonly [TaskEvent.Queued]: TaskQueuedEvent;
  /** An attempt started. */
  readonly [TaskEvent.Started]: TaskStartedEvent;
  /** The handler reported progress. */
  readonly [TaskEvent.Progress]: TaskProgressEvent;
  /** An attempt failed, and the task is tried again. */
  readonly [TaskEvent.Retrying]: TaskRetryingEvent;
  /** The task settled with a result. */
  readonly [TaskEvent.Completed]: TaskCompletedEvent<R>;
  /** The task settled with an error. */
  readonly [TaskEvent.Failed]: TaskFailedEvent;
  /** The task settled because it was cancelled. */
  readonly [TaskEvent.Cancelled]: TaskCancelledEvent;
}

/** An event of a task, as listeners received it. */
export type RecordedEvent = {
  readonly [E in TaskEvent]: {
    /** One of `TaskEvent`, without a handler's name. */
    readonly name: E;
    /** The payload that listeners received. */
    readonly payload: TaskEventPayloads[E];
  };
}[TaskEvent];

/** The events to look for: of one name, and of one handler or all. */
export interface EventQuery {
  readonly name: TaskEvent;
  readonly handler: string | undefined;
}

interface Waiting {
  readonly query: EventQuery;
  readonly resolve: (payload: TaskEventPayload) => void;
  readonly reject: (error: Error) => void;
}

const names: ReadonlySet<string> = new Set(Object.values(TaskEvent));

/** All events since the last reset, and the callers that wait for the next one. */
export class EventRecord {
  #events: RecordedEvent[] = [];
  /** Events that no `next()` has returned yet. */
  #unseen: RecordedEvent[] = [];
  #waiting: Waiting[] = [];

  get events(): readonly RecordedEvent[] {
    return [...this.#events];
  }

  /** Records an event. Names with a handler are left out, since each such event has a general one, too. */
  add(name: string, payload: unknown): void {
    if (!names.has(name)) {
      return;
    }
    const event = { name, payload } as RecordedEvent;
    this.#events.push(event);
    const waiting = this.#waiting.find(({ query }) => matches(event, query));
    if (waiting) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve(event.payload);
    } else {
      this.#unseen.push(event);
    }
  }

  of(query: EventQuery): TaskEventPayload[] {
    return this.#events
      .filter((event) => matches(event, query))
      .map(({ payload }): TaskEventPayload => payload);
  }

  /** The oldest matching event that `next()` has not returned before, as soon as there is one. */
  next(query: EventQuery): Promise<TaskEventPayload> {
    const index = this.#unseen.findIndex((event) => matches(event, query));
    const [event] = index === -1 ? [] : this.#unseen.splice(index, 1);
    return event
      ? Promise.resolve(event.payload)
      : new Promise((resolve, reject) => this.#waiting.push({ query, resolve, reject }));
  }

  reset(): void {
    this.#events = [];
    this.#unseen = [];
    for (const { query, reject } of this.#waiting.splice(0)) {
      const of = query.handler === undefined ? '' : ` of ${query.handler}`;
      reject(new Error(`reset() was called while next() waited for ${query.name}${of}`));
    }
  }
}

function matches({ name, payload }: RecordedEvent, query: EventQuery): boolean {
  return name === query.name && (query.handler === undefined || payload.handler === query.handler);
}

/** The application's emitter, if it has one, with a permanent listener that records every event. */
export class TappedEmitter implements EventEmitterLike {
  /** True, so that the publisher calls `listenersAny()`. */
  readonly wildcard = true;
  readonly #own: () => EventEmitterLike | undefined;
  readonly #record: EventRecord;

  constructor(own: () => EventEmitterLike | undefined, record: EventRecord) {
    this.#own = own;
    this.#record = record;
  }

  /** The publisher sets it for listeners, which read it from the application's emitter. */
  set event(name: string) {
    Reflect.set(this.#own() ?? {}, 'event', name);
  }

  hasListeners(): boolean {
    return true;
  }

  listeners(name: string): ReturnType<EventEmitterLike['listeners']> {
    return this.#bound((own) => own.listeners(name));
  }

  listenersAny(): ReturnType<EventEmitterLike['listenersAny']> {
    const record = (name: unknown, payload: unknown) => this.#record.add(String(name), payload);
    return [record, ...this.#bound((own) => own.listenersAny())];
  }

  #bound(
    listenersOf: (own: EventEmitterLike) => ReturnType<EventEmitterLike['listeners']>,
  ): ReturnType<EventEmitterLike['listeners']> {
    const own = this.#own();
    return own ? listenersOf(own).map((listener) => listener.bind(own)) : [];
  }
}
