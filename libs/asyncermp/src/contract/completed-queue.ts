import type { TaskSettledEvent } from './task-events.js';

/**
 * A queue of the last settled tasks, oldest first. Consumers share it: each task is delivered once. When
 * it holds more than `completedQueueSize` tasks, or more than `retainMemory` with their results and errors, the
 * oldest tasks are dropped and counted.
 *
 * @example
 * ```ts
 * for await (const event of mp.completedQueue) {
 *   console.log(event.uid, event.state);
 * }
 * ```
 */
export interface CompletedQueue extends AsyncIterable<TaskSettledEvent> {
  /** Number of settled tasks in the queue. */
  readonly size: number;
  /** Number of tasks dropped so far because no consumer took them in time. */
  readonly dropped: number;
  /**
   * Takes the oldest settled task; waits for one if the queue is empty. Resolves with undefined once the
   * application has shut down and the queue is empty.
   */
  get(): Promise<TaskSettledEvent | undefined>;
  /** Takes the oldest settled task, without waiting; undefined if the queue is empty. */
  tryGet(): TaskSettledEvent | undefined;
  /** Takes tasks as `get()` does, until the application has shut down and the queue is empty. */
  [Symbol.asyncIterator](): AsyncGenerator<TaskSettledEvent, void, undefined>;
}
