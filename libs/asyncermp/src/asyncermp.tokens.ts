import type { AsyncerMpOptions, ResolvedOptions } from './asyncermp.options.js';
import type { TaskRuntime } from './asyncermp.service.js';
import type { ThreadOptions } from './pool/channels/thread.channel.js';
import type { HandlerExplorer } from './handlers/handler.explorer.js';
import type { InlineGate } from './pool/channels/inline.channel.js';
import type { WorkerFactory } from './pool/lane.js';
import type { Task } from './engine/task.js';
import type { Backend } from './contract/backend.js';
import type { EventEmitterLike, TaskPublisher } from './engine/task-publisher.js';
import type { PoolLog } from './pool/pool-log.js';

/** Creates the factory that starts the workers of the application's pool. */
export type MakeWorkers = (
  options: ResolvedOptions,
  explorer: HandlerExplorer,
  guide: WorkerGuide,
) => WorkerFactory<Task>;

/** What workers need to know of the application, and what it wants to know of them. */
export type WorkerGuide = Pick<ThreadOptions, 'plan' | 'onInstances' | 'onCall' | 'onLost'>;

/** The hooks of `nestjs-asyncermp/testing` into the application under test. */
export interface TestBench {
  readonly gate: InlineGate<Task>;
  /** Returns the module's options with those that the test overrides. */
  adjust(given: AsyncerMpOptions | number | undefined): AsyncerMpOptions;
  /** Receives the application's runtime when it is constructed. */
  attach(runtime: TaskRuntime): void;
  /** Returns an emitter that records every event and forwards it to the application's emitter. */
  tap(emitter: () => EventEmitterLike | undefined): EventEmitterLike;
}

/** The module's {@link ResolvedOptions}. */
export const OPTIONS_TOKEN = Symbol('nestjs-asyncermp:options');

/** A {@link MakeWorkers}. */
export const WORKER_FACTORY = Symbol('nestjs-asyncermp:worker-factory');

/** A {@link TestBench}; provided only in tests that use one. */
export const TEST_BENCH_TOKEN = Symbol('nestjs-asyncermp:test-bench');

/** Creates the application's backend. */
export type MakeBackend = (parts: BackendParts) => Backend;

/** What a backend is created with. */
export interface BackendParts {
  readonly options: ResolvedOptions;
  readonly publisher: TaskPublisher;
  readonly log: PoolLog;
  readonly workers: WorkerFactory<Task>;
}

/** A {@link MakeBackend}. */
export const BACKEND = Symbol('nestjs-asyncermp:backend');

/** The application's own `TaskInterceptor`s, as an array. */
export const INTERCEPTORS = Symbol('nestjs-asyncermp:interceptors');
