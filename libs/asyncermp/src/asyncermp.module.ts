import {
  ConfigurableModuleBuilder,
  Module,
  type DynamicModule,
  type Abstract,
  type InjectionToken,
  type OptionalFactoryDependency,
  type Type,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import {
  resolveOptions,
  type AsyncerMpOptions,
  type ResolvedOptions,
} from './asyncermp.options.js';
import { AsyncerMpRuntime } from './asyncermp.runtime.js';
import { AsyncerMpService, TaskRuntime, WorkerTaskRuntime } from './asyncermp.service.js';
import {
  BACKEND,
  INTERCEPTORS,
  WORKER_FACTORY,
  OPTIONS_TOKEN,
  TEST_BENCH_TOKEN,
  type BackendParts,
  type MakeWorkers,
  type TestBench,
} from './asyncermp.tokens.js';
import { HandlerExplorer } from './handlers/handler.explorer.js';
import { InjectionPlanner, REGISTRATION } from './handlers/injection.planner.js';
import { definingFile } from './injection/call-site.js';
import {
  registerModule,
  type ModuleRegistration,
  type WorkerOptions,
} from './injection/module-registry.js';
import type { Backend } from './contract/backend.js';
import type { TaskInterceptor } from './contract/interceptor.js';
import type { TaskContext } from './contract/task-context.js';
import { Scheduler } from './engine/scheduler.js';
import { UID_PREFIX } from './engine/task.js';
import { checkOptions, rules, type OptionRules } from './contract/check-options.js';
import { serveBundleLease } from './worker/bundle-thread.js';
import { contextInterceptors, contextNames } from './worker/contexts.js';
import { workerNumber } from './worker/inside-worker.js';

serveBundleLease();

/** Options of `forRoot()` that concern the Nest module and not the pool. */
export interface AsyncerMpModuleExtras extends WorkerOptions {
  /** Whether every module can inject `AsyncerMpService` without importing this one. Default true. */
  readonly isGlobal?: boolean;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<AsyncerMpOptions>({ moduleName: 'AsyncerMp' })
    .setClassMethodName('forRoot')
    .setExtras<AsyncerMpModuleExtras>({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal ?? true,
    }))
    .build();

/**
 * Options of `forRootAsync()`: `useFactory` with `inject`; or `useClass` or `useExisting`, whose class has a
 * method `create()`; and `isGlobal`.
 */
export type AsyncerMpAsyncOptions<I extends Dependency[] = Dependency[]> = Omit<
  typeof ASYNC_OPTIONS_TYPE,
  'inject' | 'useFactory'
> & {
  /** Tokens of the providers that the factory is called with. */
  readonly inject?: [...I] | undefined;
  /** Returns the options. The types of its parameters are inferred from `inject`. */
  readonly useFactory?:
    | ((...injected: InjectedFor<NoInfer<I>>) => AsyncerMpOptions | Promise<AsyncerMpOptions>)
    | undefined;
};

const testBench = { token: TEST_BENCH_TOKEN, optional: true };

/**
 * Runs the handlers of an application (methods with `@CpuTask()`) in a bounded pool of workers, and provides
 * {@link AsyncerMpService}.
 *
 * @example
 * ```ts
 * @Module({ imports: [EventEmitterModule.forRoot(), AsyncerMpModule.forRoot(4)] })
 * export class AppModule {}
 * ```
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    HandlerExplorer,
    InjectionPlanner,
    AsyncerMpService,
    {
      provide: TaskRuntime,
      useClass: workerNumber() === undefined ? AsyncerMpRuntime : WorkerTaskRuntime,
    },
    {
      provide: OPTIONS_TOKEN,
      useFactory: (given: AsyncerMpOptions, bench?: TestBench) =>
        resolveOptions(bench ? bench.adjust(given) : given),
      inject: [MODULE_OPTIONS_TOKEN, testBench],
    },
    { provide: BACKEND, useValue: makeScheduler },
    {
      provide: INTERCEPTORS,
      useFactory: ({ options }: ModuleRegistration) => contextInterceptors(options.context),
      inject: [REGISTRATION],
    },
    {
      provide: WORKER_FACTORY,
      useFactory: loadWorkerFactory,
      inject: [OPTIONS_TOKEN, INTERCEPTORS, testBench],
    },
  ],
  exports: [AsyncerMpService],
})
export class AsyncerMpModule extends ConfigurableModuleClass {
  /**
   * Registers the pool.
   *
   * @param options - `maxProcesses` as a number, or an object of options. Default: all defaults.
   * @throws ConfigurationError that names the option, the value it got and what it takes
   */
  static override forRoot(
    options: number | (AsyncerMpOptions & AsyncerMpModuleExtras) = {},
  ): DynamicModule {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      resolveOptions(options);
      return registered(super.forRoot({ maxProcesses: options as number }), {});
    }
    const { isGlobal = true, root, setup, include, context, main, ...pool } = options;
    checkOptions(
      defined({ isGlobal, root, setup, include, context, main }),
      extraRules,
      'AsyncerMpModule.forRoot()',
    );
    resolveOptions(pool);
    return registered(
      super.forRoot({ ...pool, isGlobal }),
      defined({ root, setup, include, context, main }),
    );
  }

  /**
   * Registers the pool with options from a factory or a class, which can have injected dependencies. Invalid
   * options are a `ConfigurationError` when Nest initialises the module.
   *
   * @example
   * ```ts
   * AsyncerMpModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config) => ({ maxProcesses: Number(config.getOrThrow('WORKERS')) }),
   * });
   * ```
   */
  static override forRootAsync<I extends Dependency[] = []>(
    options: AsyncerMpAsyncOptions<I>,
  ): DynamicModule {
    const { root, setup, include, context, main } = options;
    const given = defined({ root, setup, include, context, main });
    checkOptions(given, extraRules, 'AsyncerMpModule.forRootAsync()');
    return registered(super.forRootAsync(options as typeof ASYNC_OPTIONS_TYPE), given);
  }
}

const extraRules: OptionRules<AsyncerMpModuleExtras> = {
  isGlobal: rules.boolean,
  root: rules.function,
  setup: rules.function,
  include: rules.array,
  context: {
    expected:
      'an array of contexts (objects with capture() and restore()), each with a name of its own',
    test: (value) => Array.isArray(value) && value.every(isContext) && areNamedApart(value),
  },
  main: rules.array,
};

function isContext(value: unknown): value is TaskContext {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const { name, capture, restore, request } = value as Partial<Record<keyof TaskContext, unknown>>;
  return (
    (name === undefined || rules.text.test(name)) &&
    typeof capture === 'function' &&
    typeof restore === 'function' &&
    (request === undefined || typeof request === 'function')
  );
}

function areNamedApart(contexts: readonly TaskContext[]): boolean {
  return new Set(contextNames(contexts)).size === contexts.length;
}

/** The options that were given. */
function defined<T extends object>(options: {
  readonly [K in keyof T]: T[K] | undefined;
}): Partial<T> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<T>;
}

/** Registers the call for workers, and gives the application the registration. */
function registered(definition: DynamicModule, options: WorkerOptions): DynamicModule {
  const registration = registerModule(definingFile(), options);
  return {
    ...definition,
    providers: [...(definition.providers ?? []), { provide: REGISTRATION, useValue: registration }],
  };
}

/** Creates the backend for one process. */
function makeScheduler({ options, publisher, log, workers }: BackendParts): Backend {
  return new Scheduler(options, publisher, log, workers);
}

/** Imports only the factory for the given isolation. A worker has no workers of its own and imports none. */
async function loadWorkerFactory(
  { isolation, strictClasses }: ResolvedOptions,
  interceptors: readonly TaskInterceptor[],
  bench?: TestBench,
): Promise<MakeWorkers | undefined> {
  if (workerNumber() !== undefined) {
    return undefined;
  }
  if (isolation === 'inline') {
    const { InlineWorkerFactory } = await import('./pool/inline.factory.js');
    return (_options, explorer) =>
      new InlineWorkerFactory(
        explorer.handlers.map((definition) => explorer.runnable(definition)),
        interceptors,
        strictClasses,
        bench?.gate,
      );
  }
  const { ThreadWorkerFactory } = await import('./pool/thread.factory.js');
  return ({ resourceLimits, maxWorkerHeap, env, execArgv, preload }, { manifest }, guide) =>
    new ThreadWorkerFactory(
      {
        manifest,
        ...guide,
        uidPrefix: UID_PREFIX,
        resourceLimits,
        maxHeapBytes: maxWorkerHeap * 1_048_576,
        strictClasses,
        env,
        execArgv,
      },
      preload !== false,
    );
}

/** An element of `inject`: a token, or an optional dependency. */
type Dependency = InjectionToken | OptionalFactoryDependency;

/** The parameters of a factory for its `inject`: instances of the classes; any type for other tokens. */
type InjectedFor<I extends Dependency[]> = {
  -readonly [N in keyof I]: I[N] extends { readonly token: infer T; readonly optional: boolean }
    ? InstanceFor<T> | undefined
    : InstanceFor<I[N]>;
};

// oxlint-disable-next-line typescript/no-explicit-any -- a string or a symbol has no type of its provider
type InstanceFor<T> = T extends Type<infer C> | Abstract<infer C> ? C : any;
