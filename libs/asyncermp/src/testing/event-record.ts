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

/** What each event carries, by its name. */
export interface TaskEventPayloads<R = unknown> {
  /** Accepted. */
  readonly [TaskEvent.Queued]: TaskQueuedEvent;
  /** An attempt began. */
  readonly [TaskEvent.Started]: TaskStartedEvent;
  /** The handler reported its progress. */
  readonly [TaskEvent.Progress]: TaskProgressEvent;
  /** An attempt failed, and another one follows. */
  readonly [TaskEvent.Retrying]: TaskRetryingEvent;
  /** Settled with a result. */
  readonly [TaskEvent.Completed]: TaskCompletedEvent<R>;
  /** Settled with an error. */
  readonly [TaskEvent.Failed]: TaskFailedEvent;
  /** Settled because somebody cancelled it. */
  readonly [TaskEvent.Cancelled]: TaskCancelledEvent;
}

/** An event that was broadcast, under the name that it was broadcast with. */
export type RecordedEvent = {
  readonly [E in TaskEvent]: {
    /** One of `TaskEvent`, without a handler's name. */
    readonly name: E;
    /** What the listeners got. */
    readonly payload: TaskEventPayloads[E];
  };
}[TaskEvent];

/** Which events somebody asks for: of one name, and of one handler or of all. */
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

/** All events since the last reset, and those who wait for the next one. */
export class EventRecord {
  #events: RecordedEvent[] = [];
  /** Those that no `next()` has given yet. */
  #unseen: RecordedEvent[] = [];
  #waiting: Waiting[] = [];

  get events(): readonly RecordedEvent[] {
    return [...this.#events];
  }

  /** Takes an event in. The ones that are broadcast for one handler only come under the general name, too. */
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

  /** The oldest event that matches and was not given before, as soon as there is one. */
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
