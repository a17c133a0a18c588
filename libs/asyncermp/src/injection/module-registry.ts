import type { Abstract, DynamicModule, Type } from '@nestjs/common';
import type { TaskContext } from '../contract/task-context.js';
import type { MainToken } from './handler-registry.js';
import { threadState } from '../protocol/thread-state.js';

/** The root module of an application, as `NestFactory.create()` takes it. */
export type RootModule = Type<unknown> | DynamicModule;

/**
 * Options of `forRoot()` and `forRootAsync()` that concern workers. A worker imports the file that calls
 * `forRoot()`, so functions and classes in them exist on both sides.
 */
export interface WorkerOptions {
  /**
   * Returns the root module of the application, or a promise of it, for workers. Default: found
   * automatically, where the file that calls `forRoot()` exports it, or by the entry file.
   */
  readonly root?: () => RootModule | Promise<RootModule>;
  /**
   * Runs in each worker before its application context is built: polyfills, instrumentation,
   * `initializeTransactionalContext()`. Default: nothing.
   */
  readonly setup?: () => void | Promise<void>;
  /**
   * What workers build of the application in addition to what the handlers inject: tokens of providers, and
   * modules with all their providers. For what is found by `moduleRef.get()`, by discovery or by a bus.
   * Default: none.
   */
  readonly include?: readonly (string | symbol | Type<unknown> | Abstract<unknown>)[];
  /**
   * What handlers see of the asynchronous context of the call: `alsContext(als)`, `clsContext()`, or contexts of
   * your own. Captured at the call, and restored around every attempt, the first one outermost. Default: none.
   */
  readonly context?: readonly TaskContext[];
  /**
   * Tokens of providers that stay in the application, for all handlers: a worker has a stand-in, whose methods
   * call the application's instance and return promises. Default: none but `EventEmitter2`, which is always one.
   */
  readonly main?: readonly MainToken[];
}

/** One call of `forRoot()` or `forRootAsync()`. */
export interface ModuleRegistration {
  /** The file that made the call; undefined if the runtime does not know it. */
  readonly file: string | undefined;
  /** Which of the calls in that file it was, from 0. */
  readonly index: number;
  readonly options: WorkerOptions;
}

const registrations = threadState('modules:1', (): ModuleRegistration[] => []);

/** Registers a call of `forRoot()` in this thread. */
export function registerModule(
  file: string | undefined,
  options: WorkerOptions,
): ModuleRegistration {
  const index = registrations.filter((each) => each.file === file).length;
  const registration = { file, index, options };
  registrations.push(registration);
  return registration;
}

/** The call of the same file and index in this thread; undefined if its file does not make it on import. */
export function findRegistration(
  matches: (file: string | undefined) => boolean,
  index: number,
): ModuleRegistration | undefined {
  return registrations.filter(({ file }) => matches(file))[index];
}
