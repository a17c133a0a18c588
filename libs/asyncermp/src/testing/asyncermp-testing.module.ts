import { Module, type DynamicModule } from '@nestjs/common';
import { AsyncerMpModule } from '../asyncermp.module.js';
import type { AsyncerMpOptions } from '../asyncermp.options.js';
import { TEST_BENCH_TOKEN } from '../asyncermp.tokens.js';
import { AsyncerMpTestingService } from './asyncermp-testing.service.js';
import { Bench } from './bench.js';

/** Options of `AsyncerMpModule`, of which a test has no choice of `isolation`. */
export type AsyncerMpTestingOptions = Omit<AsyncerMpOptions, 'isolation'>;

/** One at a time, on every machine: what runs beside what is the test's to say. */
const ONE_AT_A_TIME: AsyncerMpTestingOptions = { maxProcesses: 1 };
/** A test that ends with tasks on hold does not wait for them. */
const CLOSE_AT_ONCE: AsyncerMpTestingOptions = { shutdownTimeout: 0 };

/**
 * `AsyncerMpModule` for tests: handlers run on the application's own providers, in its own thread, and
 * no worker is started. Queue, bound, priorities, time limits, retries, events and errors are those of
 * production, and arguments and results are still cloned. Exports `AsyncerMpService` as it is, and
 * {@link AsyncerMpTestingService} to hold tasks, to make them fail and to see what happened.
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
   * In the place of `AsyncerMpModule`, for a module that the test puts together.
   *
   * @param options `maxProcesses` as a number, or options of `AsyncerMpModule`. Other than there,
   * `maxProcesses` is 1 and `shutdownTimeout` is 0 by default.
   * @throws ConfigurationError that names the option, the value it got and what it takes
   */
  static forRoot(options: number | AsyncerMpTestingOptions = {}): DynamicModule {
    const given = typeof options === 'number' ? { maxProcesses: options } : options;
    const pool = AsyncerMpModule.forRoot({ ...ONE_AT_A_TIME, ...CLOSE_AT_ONCE, ...given });
    return { ...bench({}), imports: [pool] };
  }

  /**
   * Beside a module that imports `AsyncerMpModule` itself, such as the whole application: its options
   * stay, but for those that are given here, `isolation`, and `shutdownTimeout`, which is 0 by default.
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
