import { availableParallelism, totalmem } from 'node:os';
import type { ResourceLimits, WorkerOptions } from 'node:worker_threads';
import type { LoggerService } from '@nestjs/common';
import { checkOptions, rules, type OptionRules } from './contract/check-options.js';
import { ConfigurationError } from './contract/errors.js';
import { type TaskDefaults, checkTaskDefaults } from './contract/task-options.js';

/** Options of `AsyncerMpModule`. All times are in milliseconds. */
export interface AsyncerMpOptions {
  /**
   * The most attempts that run at once, and so the most workers: a whole number from 1.
   * Default `os.availableParallelism()`, which knows the CPU limit of a container where Node has libuv
   * 1.49 or later: not in Node 20.
   */
  readonly maxProcesses?: number;
  /**
   * Workers that are kept ready, also when there is nothing to do: a whole number from 0 to
   * `maxProcesses`. They are warm when the application has booted. Default 1.
   */
  readonly minProcesses?: number;
  /**
   * Workers that are kept ready beside those that are in use, so that one which has to be ended is
   * replaced at once: a whole number from 0. They take memory and run nothing until then. Default 0.
   */
  readonly spareProcesses?: number;
  /**
   * How long a worker may take to start, its providers' lifecycle hooks included, in ms. Then it is ended,
   * and has failed to start. Default 60,000.
   */
  readonly startTimeout?: number;
  /** How long a worker above `minProcesses` stays without work, in ms. Default 60,000. */
  readonly idleTimeout?: number;
  /**
   * `'threads'` runs handlers in worker threads. `'inline'` runs them on the application's own
   * providers in its own thread, for unit tests: same queue, events and errors, and arguments and
   * results are still cloned. Default `'threads'`.
   */
  readonly isolation?: 'threads' | 'inline';
  /** The most tasks that may wait: a whole number from 0, or Infinity. Default Infinity. */
  readonly maxQueue?: number;
  /** What a submission beyond `maxQueue` gets: a `QueueFullError`, or its turn. Default `'reject'`. */
  readonly onFull?: 'reject' | 'wait';
  /**
   * How long a handler that was cancelled or timed out may take to stop by itself, in ms. Then its
   * worker is ended and replaced. Default 1,000.
   */
  readonly cancelGrace?: number;
  /** How long running tasks may take to finish at shutdown, in ms. Default 10,000. */
  readonly shutdownTimeout?: number;
  /**
   * How many settled tasks, with their results, `completedQueue` holds before it drops the oldest; 0
   * for none. A whole number from 0. Default 1,000.
   */
  readonly completedQueueSize?: number;
  /**
   * How many settled tasks, with their results, `get(uid)` still finds. A whole number from 0.
   * Default 1,000.
   */
  readonly retain?: number;
  /**
   * About how much memory the results may take that `completedQueue` and `retain` hold, each of them, in
   * MB. Settled tasks beyond that are let go of, the oldest first. Infinity for no bound. Default 32.
   */
  readonly retainMemory?: number;
  /** Options of every task, where neither its call nor its handler says otherwise. */
  readonly defaults?: TaskDefaults;
  /** Replaces a worker after so many attempts. A whole number from 1, or Infinity. Default Infinity. */
  readonly maxTasksPerWorker?: number;
  /** Replaces a worker of this age, in ms. Default Infinity. */
  readonly maxWorkerAge?: number;
  /** Replaces a worker whose heap holds more than this after a task, in MB. Default Infinity. */
  readonly maxWorkerHeap?: number;
  /**
   * Memory limits of each worker, as Node's `new Worker` takes them. Default: an old generation of half
   * of the machine's memory shared between the workers, at least 256 MB and at most 4,096 MB; a young
   * generation of 48 MB, whatever Node's own default is.
   */
  readonly resourceLimits?: ResourceLimits;
  /** The workers' `process.env`. Default: a copy of the application's. */
  readonly env?: NonNullable<WorkerOptions['env']>;
  /** Node's options for the workers. Default: those of the application. */
  readonly execArgv?: readonly string[];
  /**
   * Whether workers are given what they all load, Nest and this library, as one script, rather than some
   * 700 files: a worker is there in a third of the time. The script is made of the installed files when
   * the application starts, and kept in `node_modules/.cache/nestjs-asyncermp`; with `'memory'`, or
   * `NODE_DISABLE_COMPILE_CACHE` in the environment, nothing is written. Not done where Node's options
   * hook into how modules are loaded (`--import`, `--require`, `--loader`). Default true.
   */
  readonly preload?: boolean | 'memory';
  /** Where failures and workers' log lines go. Default: Nest's `Logger`, context `AsyncerMp`. */
  readonly logger?: LoggerService;
}

/** Options with everything filled in. */
export type ResolvedOptions = Required<Omit<AsyncerMpOptions, 'env' | 'execArgv' | 'logger'>> &
  Pick<AsyncerMpOptions, 'env' | 'execArgv' | 'logger'>;

const optionRules: OptionRules<AsyncerMpOptions> = {
  maxProcesses: rules.wholeFrom(1),
  minProcesses: rules.wholeFrom(0),
  spareProcesses: rules.wholeFrom(0),
  startTimeout: rules.milliseconds,
  idleTimeout: rules.millisecondsFrom0,
  isolation: rules.oneOf('threads', 'inline'),
  maxQueue: rules.wholeFromOrInfinity(0),
  onFull: rules.oneOf('reject', 'wait'),
  cancelGrace: rules.millisecondsFrom0,
  shutdownTimeout: rules.millisecondsFrom0,
  completedQueueSize: rules.wholeFrom(0),
  retain: rules.wholeFrom(0),
  retainMemory: {
    expected: 'a number of MB from 0, or Infinity',
    test: rules.millisecondsFrom0.test,
  },
  defaults: rules.object,
  maxTasksPerWorker: rules.wholeFromOrInfinity(1),
  maxWorkerAge: rules.milliseconds,
  maxWorkerHeap: { expected: 'a number of MB above 0, or Infinity', test: rules.milliseconds.test },
  resourceLimits: rules.object,
  env: {
    expected: 'an object of strings, or SHARE_ENV',
    test: (value) => typeof value === 'symbol' || rules.object.test(value),
  },
  execArgv: rules.strings,
  preload: {
    expected: "true, false or 'memory'",
    test: (value) => value === 'memory' || rules.boolean.test(value),
  },
  logger: rules.object,
};

const WHERE = 'AsyncerMpModule.forRoot()';

/**
 * Checks the module's options and fills in the defaults. A number is `{ maxProcesses }`.
 * @throws ConfigurationError
 */
export function resolveOptions(given: AsyncerMpOptions | number = {}): ResolvedOptions {
  const options = typeof given === 'number' ? { maxProcesses: given } : given;
  checkOptions(options, optionRules, WHERE);
  checkTaskDefaults(options.defaults ?? {}, `${WHERE}: defaults`);
  const { env, execArgv, logger } = options;
  const maxProcesses = options.maxProcesses ?? availableParallelism();
  const minProcesses = options.minProcesses ?? 1;
  if (minProcesses > maxProcesses) {
    throw new ConfigurationError(
      `${WHERE}: minProcesses takes at most maxProcesses, which is ${maxProcesses}, and got ${minProcesses}`,
    );
  }
  return {
    maxProcesses,
    minProcesses,
    spareProcesses: options.spareProcesses ?? 0,
    startTimeout: options.startTimeout ?? 60_000,
    idleTimeout: options.idleTimeout ?? 60_000,
    isolation: options.isolation ?? 'threads',
    maxQueue: options.maxQueue ?? Infinity,
    onFull: options.onFull ?? 'reject',
    cancelGrace: options.cancelGrace ?? 1_000,
    shutdownTimeout: options.shutdownTimeout ?? 10_000,
    completedQueueSize: options.completedQueueSize ?? 1_000,
    retain: options.retain ?? 1_000,
    retainMemory: options.retainMemory ?? 32,
    defaults: options.defaults ?? {},
    maxTasksPerWorker: options.maxTasksPerWorker ?? Infinity,
    maxWorkerAge: options.maxWorkerAge ?? Infinity,
    maxWorkerHeap: options.maxWorkerHeap ?? Infinity,
    preload: options.preload ?? true,
    resourceLimits: {
      maxOldGenerationSizeMb: defaultHeapMb(maxProcesses),
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      ...options.resourceLimits,
    },
    ...(env !== undefined && { env }),
    ...(execArgv !== undefined && { execArgv }),
    ...(logger !== undefined && { logger }),
  };
}

/**
 * What Node 20 and 22 have by default. Node 24 has 192 MB, which is another 100 MB for each worker that makes
 * many objects, and no room for V8 to stop one whose old generation is not much larger: when both fill up at once
 * it aborts the process.
 */
const YOUNG_GENERATION_MB = 48;

/** Half of the memory that there is (a container's limit included) over the workers, in MB. */
function defaultHeapMb(workers: number): number {
  // 0 where there is no limit, and a nonsensical 2^63 on some kernels.
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return Math.round(Math.min(4_096, Math.max(256, bytes / 2 / workers / 1_048_576)));
}
