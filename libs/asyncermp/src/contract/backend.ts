import type { Observable } from 'rxjs';
import type { CompletedQueue } from './completed-queue.js';
import type { SubmitExtras } from './interceptor.js';
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
 * Takes tasks, and sees each to its outcome. The service knows this much of it, so that other backends (a
 * queue over several machines) can stand in the place of the local scheduler. `get`, `cancel` and `stats` are
 * about the tasks of this process, and so are synchronous.
 */
export interface Backend {
  readonly completedQueue: CompletedQueue;
  readonly completed$: Observable<TaskSettledEvent>;
  /** Resolves when the task is accepted. */
  submit(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
    extras?: SubmitExtras,
  ): Promise<TaskHandle>;
  /** Resolves with the outcome. */
  run(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
    extras?: SubmitExtras,
  ): Promise<unknown>;
  /** The results of many calls, or their outcomes. */
  map(
    handler: TaskHandler,
    items: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
    extras?: SubmitExtras,
  ): AsyncGenerator<unknown, void, undefined>;
  get(uid: string): TaskHandle | undefined;
  /** False if no such task is in flight. */
  cancel(uid: string, reason?: unknown): boolean;
  stats(): PoolStats;
  /** Resolves when no further attempt starts. */
  pause(): Promise<void>;
  /** Resolves when attempts start again. */
  resume(): Promise<void>;
  /** Resolves when no task is in flight. */
  drain(): Promise<void>;
  resize(maxProcesses: number): void;
  /** Resolves when the workers that are kept warm are ready. */
  warmUp(): Promise<void>;
  /** Resolves when every task is settled and every worker gone. */
  shutdown(): Promise<void>;
}
