import { Module, type DynamicModule } from '@nestjs/common';
import { AsyncerMpModule, type AsyncerMpModuleExtras } from '../asyncermp.module.js';
import type { AsyncerMpOptions } from '../asyncermp.options.js';
import { TEST_BENCH_TOKEN } from '../asyncermp.tokens.js';
import { AsyncerMpTestingService } from './asyncermp-testing.service.js';
import { Bench } from './bench.js';

/** Options of `AsyncerMpModule`, without `isolation`, which is always `'inline'` in a test. */
export type AsyncerMpTestingOptions = Omit<AsyncerMpOptions, 'isolation'>;

/** One task at a time on every machine, so that the test decides what runs at once. */
const ONE_AT_A_TIME: AsyncerMpTestingOptions = { maxProcesses: 1 };
/** A test that ends with held tasks does not wait for them. */
const CLOSE_AT_ONCE: AsyncerMpTestingOptions = { shutdownTimeout: 0 };

/**
 * `AsyncerMpModule` for tests: handlers run on the application's own providers, in its own thread, and
 * no worker starts. Queue, bound, priorities, time limits, retries, events and errors work as in
 * production, and arguments and results are cloned. Exports `AsyncerMpService`, and
 * {@link AsyncerMpTestingService}, which holds tasks, makes them fail and records events.
 *
 * @example
 * ```ts
 * const module = await Test.createTestingModule({
 *   imports: [AsyncerMpTestingModule.forRoot()],
 *   providers: [ThumbnailService, CodecService],
 * }).compile();
 * ```
 */
@Module({})
export class AsyncerMpTestingModule {
  /**
   * Replaces `AsyncerMpModule` in a module that the test puts together.
   *
   * @param options - `maxProcesses` as a number, or options of `AsyncerMpModule`. By default
   * `maxProcesses` is 1 and `shutdownTimeout` is 0, other than there.
   * @throws ConfigurationError that names the option, its value and the allowed values
   */
  static forRoot(
    options: number | (AsyncerMpTestingOptions & Pick<AsyncerMpModuleExtras, 'context'>) = {},
  ): DynamicModule {
    const given = typeof options === 'number' ? { maxProcesses: options } : options;
    const pool = AsyncerMpModule.forRoot({ ...ONE_AT_A_TIME, ...CLOSE_AT_ONCE, ...given });
    return { ...bench({}), imports: [pool] };
  }

  /**
   * Goes beside a module that imports `AsyncerMpModule` itself, such as the whole application. Its options
   * stay, except for those given here, `isolation`, and `shutdownTimeout`, which is 0 by default.
   *
   * @example
   * ```ts
   * const module = await Test.createTestingModule({
   *   imports: [AppModule, AsyncerMpTestingModule.forApplication({ maxProcesses: 1 })],
   * }).compile();
   * ```
   */
  static forApplication(options: AsyncerMpTestingOptions = {}): DynamicModule {
    return bench({ ...CLOSE_AT_ONCE, ...options });
  }
}

function bench(overrides: AsyncerMpTestingOptions): DynamicModule {
  return {
    module: AsyncerMpTestingModule,
    global: true,
    providers: [
      { provide: TEST_BENCH_TOKEN, useFactory: () => new Bench(overrides) },
      {
        provide: AsyncerMpTestingService,
        useFactory: (made: Bench) => new AsyncerMpTestingService(made),
        inject: [TEST_BENCH_TOKEN],
      },
    ],
    exports: [TEST_BENCH_TOKEN, AsyncerMpTestingService],
  };
}
