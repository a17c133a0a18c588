import type { TaskSettledEvent } from './task-events.js';

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
export interface CompletedQueue extends AsyncIterable<TaskSettledEvent> {
  /** How many settled tasks wait to be taken. */
  readonly size: number;
  /** How many were dropped because they were not taken in time. */
  readonly dropped: number;
  /**
   * The oldest settled task, as soon as there is one; undefined when the application has shut down and
   * nothing is left.
   */
  get(): Promise<TaskSettledEvent | undefined>;
  /** The oldest settled task; undefined if there is none now. */
  tryGet(): TaskSettledEvent | undefined;
  /** Iterates until the application shuts down. */
  [Symbol.asyncIterator](): AsyncGenerator<TaskSettledEvent, void, undefined>;
}
