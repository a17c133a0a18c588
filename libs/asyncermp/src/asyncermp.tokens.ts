import type { AsyncerMpOptions, ResolvedOptions } from './asyncermp.options.js';
import type { TaskRuntime } from './asyncermp.service.js';
import type { HandlerExplorer } from './handlers/handler.explorer.js';
import type { InlineGate } from './pool/channels/inline.channel.js';
import type { WorkerFactory } from './pool/lane.js';
import type { Task } from './engine/task.js';
import type { EventEmitterLike } from './engine/task-publisher.js';

/** Makes the lanes of an application's pool. */
export type MakeWorkers = (
  options: ResolvedOptions,
  explorer: HandlerExplorer,
) => WorkerFactory<Task>;

/** What `nestjs-asyncermp/testing` puts into the application under test. */
export interface TestBench {
  readonly gate: InlineGate<Task>;
  /** The module's options as the test wants them. */
  adjust(given: AsyncerMpOptions | number | undefined): AsyncerMpOptions;
  /** Is told of the one runtime of the application. */
  attach(runtime: TaskRuntime): void;
  /** The emitter that hears of every event, and passes it on to the application's own. */
  tap(emitter: () => EventEmitterLike | undefined): EventEmitterLike;
}

/** The module's options, checked and complete. */
export const OPTIONS_TOKEN = Symbol('nestjs-asyncermp:options');

/** A {@link MakeWorkers}. */
export const WORKER_FACTORY = Symbol('nestjs-asyncermp:lane-factory');

/** A {@link TestBench}, in tests that use one. */
export const TEST_BENCH_TOKEN = Symbol('nestjs-asyncermp:test-bench');
