import type { Observable } from 'rxjs';
import type { CompletedQueue } from '../tasks/completed-queue.js';
import type { MapOptions } from '../tasks/map-options.js';
import type { PoolStats } from '../tasks/pool-stats.js';
import type { TaskHandle } from '../tasks/task-handle.js';
import type { TaskOptions } from '../tasks/task-options.js';
import type { HandlerRecord } from './handler-record.js';

/**
 * What takes tasks and sees them through: the local scheduler here. What the service knows of it is
 * only this, so that another one (a queue over several machines) may stand in its place.
 */
export interface Backend {
  readonly completedQueue: CompletedQueue;
  readonly completed$: Observable<import('../tasks/task.events.js').TaskSettledEvent>;
  /** Resolves when the task is accepted. */
  submit(
    handler: HandlerRecord,
    args: readonly unknown[],
    options?: TaskOptions,
  ): Promise<TaskHandle>;
  /** Resolves with the outcome. */
  run(handler: HandlerRecord, args: readonly unknown[], options?: TaskOptions): Promise<unknown>;
  /** The results of many calls, or their outcomes. */
  map(
    handler: HandlerRecord,
    items: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
  ): AsyncGenerator<unknown, void, undefined>;
  get(uid: string): TaskHandle | undefined;
  cancel(uid: string, reason?: unknown): boolean;
  stats(): PoolStats;
  pause(): void;
  resume(): void;
  drain(): Promise<void>;
  resize(maxProcesses: number): void;
  warmUp(): Promise<void>;
  shutdown(): Promise<void>;
}
