import type { Observable } from 'rxjs';
import type { CompletedQueue } from './completed-queue.js';
import type { MapOptions } from './map-options.js';
import type { PoolStats } from './pool-stats.js';
import type { TaskSettledEvent } from './task-events.js';
import type { TaskHandle } from './task-handle.js';
import type { CpuTaskOptions, TaskOptions } from './task-options.js';

/** A handler, as a backend knows it. */
export interface TaskHandler {
  /** Unique in the application: `Class.method` by default. */
  readonly name: string;
  /** Its place among the handlers of the application, from 0. */
  readonly index: number;
  /** What `@CpuTask()` says, checked. */
  readonly options: CpuTaskOptions;
}

/**
 * What takes tasks and sees them through: the local scheduler here. What the service knows of it is
 * only this, so that another one (a queue over several machines) may stand in its place.
 */
export interface Backend {
  readonly completedQueue: CompletedQueue;
  readonly completed$: Observable<TaskSettledEvent>;
  /** Resolves when the task is accepted. */
  submit(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
  ): Promise<TaskHandle>;
  /** Resolves with the outcome. */
  run(handler: TaskHandler, args: readonly unknown[], options?: TaskOptions): Promise<unknown>;
  /** The results of many calls, or their outcomes. */
  map(
    handler: TaskHandler,
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
