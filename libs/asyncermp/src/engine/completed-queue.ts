import type { CompletedQueue } from '../contract/completed-queue.js';
import { RecentItems } from './recent-items.js';
import { TaskOutcomeEvent, type TaskSettledEvent } from '../contract/task-events.js';

/** A settled task whose event is made when it is taken: most are dropped before. */
export interface SettledTask {
  readonly event: TaskSettledEvent;
}

/** The queue behind `completedQueue`: bounded by a number of tasks and by their memory. */
export class SettledTaskQueue implements CompletedQueue {
  readonly #kept: RecentItems<SettledTask | TaskSettledEvent>;
  readonly #takers: ((event: TaskSettledEvent | undefined) => void)[] = [];
  #dropped = 0;
  #closed = false;

  /**
   * @param capacity - How many it holds; 0 keeps nothing, and only those who already wait are served.
   * @param maxMegabytes - About how much memory they may take together, with their results and errors.
   */
  constructor(capacity: number, maxMegabytes: number) {
    this.#kept = new RecentItems(
      { count: capacity, megabytes: maxMegabytes },
      () => this.#dropped++,
    );
  }

  get size(): number {
    return this.#kept.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get(): Promise<TaskSettledEvent | undefined> {
    const event = this.tryGet();
    if (event || this.#closed) {
      return Promise.resolve(event);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  tryGet(): TaskSettledEvent | undefined {
    const item = this.#kept.take();
    return item && eventOf(item);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TaskSettledEvent, void, undefined> {
    for (let event = await this.get(); event; event = await this.get()) {
      yield event;
    }
  }

  put(item: SettledTask | TaskSettledEvent, bytes: number): void {
    const taker = this.#takers.shift();
    if (taker) {
      taker(eventOf(item));
    } else if (this.#kept.capacity > 0) {
      this.#kept.put(item, bytes);
    }
  }

  /** Resolves the promises of those who wait. */
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
