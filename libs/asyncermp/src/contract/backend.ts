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
  /** Index among the handlers of the application, from 0. */
  readonly index: number;
  /** The options given to `@CpuTask()`, checked. */
  readonly options: CpuTaskOptions;
}

/**
 * Accepts tasks and brings each one to its outcome. The local scheduler is one backend. The service
 * depends on this interface only, so another backend (a queue over several machines) can replace it. `get`,
 * `cancel` and `stats` concern the tasks of this process only, and so are synchronous.
 */
export interface Backend {
  readonly completedQueue: CompletedQueue;
  readonly completed$: Observable<TaskSettledEvent>;
  /** Resolves once the task is accepted. */
  submit(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
    extras?: SubmitExtras,
  ): Promise<TaskHandle>;
  /** Resolves with the handler's result; rejects with its error. */
  run(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
    extras?: SubmitExtras,
  ): Promise<unknown>;
  /** Yields the result of each call, or its outcome with `settle: true`. */
  map(
    handler: TaskHandler,
    items: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
    extras?: SubmitExtras,
  ): AsyncGenerator<unknown, void, undefined>;
  get(uid: string): TaskHandle | undefined;
  /** Returns false if no task with this uid is in flight. */
  cancel(uid: string, reason?: unknown): boolean;
  stats(): PoolStats;
  /** Resolves once no further attempt starts. */
  pause(): Promise<void>;
  /** Resolves once attempts start again. */
  resume(): Promise<void>;
  /** Resolves once no task is in flight. */
  drain(): Promise<void>;
  resize(maxProcesses: number): void;
  /** Resolves once `minProcesses` workers are ready. */
  warmUp(): Promise<void>;
  /** Resolves once all tasks have settled and all workers have ended. */
  shutdown(): Promise<void>;
}
