import { RecentItems } from './recent-items.js';
import { TaskOutcomeEvent, type TaskSettledEvent } from './task.events.js';

/** A settled task whose event nobody has heard. It is made when somebody takes it: most are dropped before. */
export interface SettledTask {
  readonly event: TaskSettledEvent;
}

/**
 * The last settled tasks, oldest first: every item is given once, to whoever asks first, as from any
 * queue. When more tasks settle than are taken, or their results take too much memory, the oldest are
 * dropped and counted.
 *
 * @example
 * ```ts
 * for await (const event of mp.completedQueue) {
 *   console.log(event.uid, event.state);
 * }
 * ```
 */
export class CompletedQueue implements AsyncIterable<TaskSettledEvent> {
  readonly #kept: RecentItems<SettledTask | TaskSettledEvent>;
  readonly #takers: ((event: TaskSettledEvent | undefined) => void)[] = [];
  #dropped = 0;
  #closed = false;

  /**
   * @param capacity - How many it holds; 0 keeps nothing, and only those who already wait are served.
   * @param maxMegabytes - About how much memory their results may take together.
   */
  constructor(capacity: number, maxMegabytes: number) {
    this.#kept = new RecentItems(capacity, maxMegabytes, () => this.#dropped++);
  }

  /** How many settled tasks wait to be taken. */
  get size(): number {
    return this.#kept.size;
  }

  /** How many were dropped because nobody took them in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * The oldest settled task, as soon as there is one; undefined when the application has shut down and
   * nothing is left.
   */
  get(): Promise<TaskSettledEvent | undefined> {
    const event = this.tryGet();
    if (event || this.#closed) {
      return Promise.resolve(event);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The oldest settled task; undefined if there is none now. */
  tryGet(): TaskSettledEvent | undefined {
    const item = this.#kept.take();
    return item && eventOf(item);
  }

  /** Until the application shuts down. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TaskSettledEvent, void, undefined> {
    for (let event = await this.get(); event; event = await this.get()) {
      yield event;
    }
  }

  /** @internal */
  put(item: SettledTask | TaskSettledEvent, bytes: number): void {
    const taker = this.#takers.shift();
    if (taker) {
      taker(eventOf(item));
    } else if (this.#kept.capacity > 0) {
      this.#kept.put(item, bytes);
    }
  }

  /** Ends those who wait. @internal */
  close(): void {
    this.#closed = true;
    for (const taker of this.#takers.splice(0)) {
      taker(undefined);
    }
  }
}

function eventOf(item: SettledTask | TaskSettledEvent): TaskSettledEvent {
  return item instanceof TaskOutcomeEvent ? item : item.event;
}
