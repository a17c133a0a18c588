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
import { AsyncerMpService, InertRuntime, TaskRuntime } from './asyncermp.service.js';
import {
  WORKER_FACTORY,
  OPTIONS_TOKEN,
  TEST_BENCH_TOKEN,
  type MakeWorkers,
  type TestBench,
} from './asyncermp.tokens.js';
import { HandlerExplorer } from './handlers/handler.explorer.js';
import { UID_PREFIX } from './engine/task.js';
import { checkOptions, rules } from './contract/check-options.js';
import { serveBundleLease } from './worker/bundle-thread.js';
import { workerNumber } from './worker/inside-worker.js';

serveBundleLease();

/** What stands beside the options of the pool. */
export interface AsyncerMpModuleExtras {
  /** Whether `AsyncerMpService` can be injected everywhere without importing the module. Default true. */
  readonly isGlobal?: boolean;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<AsyncerMpOptions>({ moduleName: 'AsyncerMp' })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal,
    }))
    .build();

/**
 * Options of `forRootAsync`: `useFactory` with `inject`, `useClass` or `useExisting` (with `create()`), and
 * `isGlobal`.
 */
export type AsyncerMpAsyncOptions<I extends Dependency[] = Dependency[]> = Omit<
  typeof ASYNC_OPTIONS_TYPE,
  'inject' | 'useFactory'
> & {
  /** What the factory is called with. */
  readonly inject?: [...I] | undefined;
  /** Makes the options. */
  readonly useFactory?:
    | ((...injected: InjectedFor<NoInfer<I>>) => AsyncerMpOptions | Promise<AsyncerMpOptions>)
    | undefined;
};

const testBench = { token: TEST_BENCH_TOKEN, optional: true };

/**
 * A bounded pool of workers for the handlers of an application (methods with `@CpuTask()`), managed by
 * the `AsyncerMpService` that it provides.
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
    AsyncerMpService,
    {
      provide: TaskRuntime,
      useClass: workerNumber() === undefined ? AsyncerMpRuntime : InertRuntime,
    },
    {
      provide: OPTIONS_TOKEN,
      useFactory: (given: AsyncerMpOptions, bench?: TestBench) =>
        resolveOptions(bench ? bench.adjust(given) : given),
      inject: [MODULE_OPTIONS_TOKEN, testBench],
    },
    { provide: WORKER_FACTORY, useFactory: loadLanes, inject: [OPTIONS_TOKEN, testBench] },
  ],
  exports: [AsyncerMpService],
})
export class AsyncerMpModule extends ConfigurableModuleClass {
  /**
   * @param options `maxProcesses` as a number, or options; default `os.availableParallelism()` workers.
   * @throws ConfigurationError that names the option, the value it got and what it takes
   */
  static override forRoot(
    options: number | (AsyncerMpOptions & AsyncerMpModuleExtras) = {},
  ): DynamicModule {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      resolveOptions(options);
      return super.forRoot({ maxProcesses: options as number });
    }
    const { isGlobal = true, ...pool } = options;
    checkOptions({ isGlobal }, { isGlobal: rules.boolean }, 'AsyncerMpModule.forRoot()');
    resolveOptions(pool);
    return super.forRoot({ ...pool, isGlobal });
  }

  /**
   * The same with options that are made by a factory or a class, with injected dependencies.
   * @throws ConfigurationError when the module is built
   */
  static override forRootAsync<I extends Dependency[] = []>(
    options: AsyncerMpAsyncOptions<I>,
  ): DynamicModule {
    return super.forRootAsync(options as typeof ASYNC_OPTIONS_TYPE);
  }
}

/** Loads the kind of lanes that the options ask for; a worker, which has none of its own, loads neither. */
async function loadLanes(
  { isolation }: ResolvedOptions,
  bench?: TestBench,
): Promise<MakeWorkers | undefined> {
  if (workerNumber() !== undefined) {
    return undefined;
  }
  if (isolation === 'inline') {
    const { InlineWorkerFactory } = await import('./pool/inline.factory.js');
    return (_options, explorer) =>
      new InlineWorkerFactory(
        explorer.handlers.map((definition) => ({
          definition,
          // Not before it is called: the application may not have made it yet.
          get instance() {
            return explorer.instanceOf(definition);
          },
        })),
        bench?.gate,
      );
  }
  const { ThreadWorkerFactory } = await import('./pool/thread.factory.js');
  return ({ resourceLimits, maxWorkerHeap, env, execArgv, preload }, { manifest }) =>
    new ThreadWorkerFactory(
      {
        manifest,
        uidPrefix: UID_PREFIX,
        resourceLimits,
        maxHeapBytes: maxWorkerHeap * 1_048_576,
        env,
        execArgv,
      },
      preload,
    );
}

/** What stands in `inject`: a token, or one that may be missing. */
export type Dependency = InjectionToken | OptionalFactoryDependency;

/** What a factory is given for its `inject`: instances for classes, and for other tokens what it expects. */
export type InjectedFor<I extends Dependency[]> = {
  -readonly [N in keyof I]: I[N] extends { readonly token: infer T; readonly optional: boolean }
    ? InstanceFor<T> | undefined
    : InstanceFor<I[N]>;
};

// oxlint-disable-next-line typescript/no-explicit-any -- a string or a symbol does not tell what it stands for
type InstanceFor<T> = T extends Type<infer C> | Abstract<infer C> ? C : any;
