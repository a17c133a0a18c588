import { availableParallelism, totalmem } from 'node:os';
import type { ResourceLimits, WorkerOptions } from 'node:worker_threads';
import type { LoggerService } from '@nestjs/common';
import {
  checkOptions,
  rules,
  type OptionRule,
  type OptionRules,
} from './contract/check-options.js';
import { ConfigurationError } from './contract/errors.js';
import { type TaskDefaults, checkTaskDefaults } from './contract/task-options.js';

/** Options of `AsyncerMpModule`. All times are in milliseconds. */
export interface AsyncerMpOptions {
  /**
   * The most attempts that run at once, and so the most workers that run tasks: a whole number from 1.
   * Default `os.availableParallelism()`, which respects the CPU limit of a container if Node has libuv
   * 1.49 or later (Node 20 does not).
   */
  readonly maxProcesses?: number;
  /**
   * The number of workers that stay alive when there is nothing to do: a whole number from 0 to
   * `maxProcesses`. They are ready when the application has booted. Default 1.
   */
  readonly minProcesses?: number;
  /**
   * The number of ready workers kept in addition to those in use, so that a worker which has to be ended
   * is replaced at once: a whole number from 0. They take memory and run nothing until then. Default 0.
   */
  readonly spareProcesses?: number;
  /**
   * Whether one worker is started when the application starts, if none is kept ready (`minProcesses: 0`): to
   * see that workers can load the handlers, and to refuse to start otherwise. It serves the first tasks, or
   * ends after `idleTimeout`. Default true.
   */
  readonly verify?: boolean;
  /**
   * How long a worker may take to start, lifecycle hooks of its providers included, in ms. When it takes
   * longer, it is ended and has failed to start. Default 60,000.
   */
  readonly startTimeout?: number;
  /** How long a worker above `minProcesses` stays alive without work, in ms. Default 60,000. */
  readonly idleTimeout?: number;
  /**
   * `'threads'` runs handlers in worker threads. `'inline'` runs them in the application's thread, on its
   * own providers, for unit tests: with the same queue, events and errors, and arguments and results are
   * still cloned. Default `'threads'`.
   */
  readonly isolation?: 'threads' | 'inline';
  /**
   * How a worker builds the handlers' providers. `'application'`: from the application's own module graph.
   * `'handlers'`: from the handlers' classes and those that they inject, which starts sooner. `'auto'` takes
   * the second way where it makes no difference. Default `'auto'`.
   */
  readonly injection?: 'auto' | 'application' | 'handlers';
  /** The most tasks that may wait: a whole number from 0, or Infinity. Default Infinity. */
  readonly maxQueue?: number;
  /**
   * What happens to a submission when `maxQueue` tasks wait: `'reject'` throws a `QueueFullError`,
   * `'wait'` delays acceptance until there is room. Default `'reject'`.
   */
  readonly onFull?: 'reject' | 'wait';
  /**
   * How long a handler may take to stop after its task was cancelled or timed out, in ms. Then its worker
   * is ended and replaced. Default 1,000.
   */
  readonly cancelGrace?: number;
  /** How long running tasks may take to finish at shutdown, in ms. Default 10,000. */
  readonly shutdownTimeout?: number;
  /**
   * The most settled tasks, with their results, that `completedQueue` holds before it drops the oldest. A
   * whole number from 0. Default 1,000.
   */
  readonly completedQueueSize?: number;
  /**
   * The tasks that completed or were cancelled and that `get(uid)` still finds: a number, from 0, or a number
   * and an age. Default 1,000, of any age.
   */
  readonly retain?: number | Retention;
  /**
   * The same for tasks that failed, which are kept apart: others do not take their place. Default: as `retain`.
   */
  readonly retainFailed?: number | Retention;
  /**
   * The approximate memory limit for what `completedQueue` holds, and the same again for `retain` and for
   * `retainFailed`, in MB. Results and errors count, and about 0.5 KB for each task. Beyond it the oldest settled
   * tasks are dropped. Infinity for no limit. Default 32.
   */
  readonly retainMemory?: number;
  /** Options of every task. A handler's options and those of a call override them. */
  readonly defaults?: TaskDefaults;
  /**
   * Whether arguments, results and progress that contain an instance of a class that is not sendable are refused
   * with a `TaskSerializationError`. Otherwise it arrives as a plain object, with a warning outside of
   * production. A handler's own `strictClasses` overrides it. Default false.
   */
  readonly strictClasses?: boolean;
  /** Replaces a worker after this number of attempts: a whole number from 1, or Infinity. Default Infinity. */
  readonly maxTasksPerWorker?: number;
  /** Replaces a worker of this age, in ms. Default Infinity. */
  readonly maxWorkerAge?: number;
  /** Replaces a worker whose heap is larger than this after a task, in MB. Default Infinity. */
  readonly maxWorkerHeap?: number;
  /**
   * Memory limits of each worker, as Node's `new Worker` takes them. Default: half of the machine's
   * memory divided by `maxProcesses` for the old generation, at least 256 MB and at most 4,096 MB; 48 MB
   * for the young generation, on every version of Node.
   */
  readonly resourceLimits?: ResourceLimits;
  /** The workers' `process.env`. Default: a copy of the application's. */
  readonly env?: NonNullable<WorkerOptions['env']>;
  /** Command-line options of Node for the workers. Default: those of the application. */
  readonly execArgv?: readonly string[];
  /**
   * Loads Nest and this library into workers as one script instead of some 700 files: a worker starts in
   * a third of the time. The script is made from the installed files when the application starts, and is
   * kept in memory only: `'memory'` means the same as `true`. Has no effect if Node's options change how
   * modules are loaded (`--import`, `--require`, `--loader`). Default true.
   */
  readonly preload?: boolean | 'memory';
  /** Receives failures and the workers' log lines. Default: Nest's `Logger`, context `AsyncerMp`. */
  readonly logger?: LoggerService;
}

/** Which settled tasks are kept. */
export interface Retention {
  /** The most tasks: a whole number from 0. Default 1,000. */
  readonly count?: number;
  /** How long each is kept after it settled, in ms. Default Infinity. */
  readonly age?: number;
}

type OptionalOptions = 'env' | 'execArgv' | 'logger';
type RetentionOptions = 'retain' | 'retainFailed';

/** The module's options with all defaults filled in. */
export type ResolvedOptions = Required<Omit<AsyncerMpOptions, OptionalOptions | RetentionOptions>> &
  Pick<AsyncerMpOptions, OptionalOptions> &
  Readonly<Record<RetentionOptions, Required<Retention>>>;

const retention: OptionRule = {
  expected: 'a whole number from 0, or { count, age }',
  test: (value) => rules.object.test(value) || rules.wholeFrom(0).test(value),
};

const retentionRules: OptionRules<Retention> = {
  count: rules.wholeFrom(0),
  age: rules.milliseconds,
};

const optionRules: OptionRules<AsyncerMpOptions> = {
  maxProcesses: rules.wholeFrom(1),
  minProcesses: rules.wholeFrom(0),
  spareProcesses: rules.wholeFrom(0),
  verify: rules.boolean,
  startTimeout: rules.milliseconds,
  idleTimeout: rules.millisecondsFrom0,
  isolation: rules.oneOf('threads', 'inline'),
  injection: rules.oneOf('auto', 'application', 'handlers'),
  maxQueue: rules.wholeFromOrInfinity(0),
  onFull: rules.oneOf('reject', 'wait'),
  cancelGrace: rules.millisecondsFrom0,
  shutdownTimeout: rules.millisecondsFrom0,
  completedQueueSize: rules.wholeFrom(0),
  retain: retention,
  retainFailed: retention,
  retainMemory: {
    expected: 'a number of MB from 0, or Infinity',
    test: rules.millisecondsFrom0.test,
  },
  defaults: rules.object,
  strictClasses: rules.boolean,
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
 * Checks the module's options and fills in the defaults. A number stands for `{ maxProcesses }`.
 * @throws ConfigurationError
 */
export function resolveOptions(given: AsyncerMpOptions | number = {}): ResolvedOptions {
  const options = typeof given === 'number' ? { maxProcesses: given } : given;
  checkOptions(options, optionRules, WHERE);
  checkTaskDefaults(options.defaults ?? {}, `${WHERE}: defaults`);
  const { env, execArgv, logger } = options;
  const maxProcesses = options.maxProcesses ?? availableParallelism();
  const minProcesses = options.minProcesses ?? 1;
  const isolation = options.isolation ?? 'threads';
  if (minProcesses > maxProcesses) {
    throw new ConfigurationError(
      `${WHERE}: minProcesses takes at most maxProcesses, which is ${maxProcesses}, and got ${minProcesses}`,
    );
  }
  const retain = retentionOf('retain', options.retain ?? {});
  return {
    maxProcesses,
    minProcesses,
    spareProcesses: options.spareProcesses ?? 0,
    // Inline workers load no files.
    verify: isolation === 'threads' && (options.verify ?? true),
    startTimeout: options.startTimeout ?? 60_000,
    idleTimeout: options.idleTimeout ?? 60_000,
    isolation,
    injection: options.injection ?? 'auto',
    maxQueue: options.maxQueue ?? Infinity,
    onFull: options.onFull ?? 'reject',
    cancelGrace: options.cancelGrace ?? 1_000,
    shutdownTimeout: options.shutdownTimeout ?? 10_000,
    completedQueueSize: options.completedQueueSize ?? 1_000,
    retain,
    retainFailed: retentionOf('retainFailed', options.retainFailed ?? retain),
    retainMemory: options.retainMemory ?? 32,
    defaults: options.defaults ?? {},
    strictClasses: options.strictClasses ?? false,
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

function retentionOf(name: RetentionOptions, given: number | Retention): Required<Retention> {
  const limits = typeof given === 'number' ? { count: given } : given;
  checkOptions(limits, retentionRules, `${WHERE}: ${name}`);
  return { count: limits.count ?? 1_000, age: limits.age ?? Infinity };
}

/**
 * The default of Node 20 and 22. Node 24's default of 192 MB costs another 100 MB for each worker that creates
 * many objects. It also keeps V8 from stopping a worker whose old generation is not much larger: when both fill
 * up at once, V8 aborts the process.
 */
const YOUNG_GENERATION_MB = 48;

/** Half of the available memory (a container's limit counts) divided by the number of workers, in MB. */
function defaultHeapMb(workers: number): number {
  // 0 if there is no limit; some kernels report a meaningless 2^63.
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return Math.round(Math.min(4_096, Math.max(256, bytes / 2 / workers / 1_048_576)));
}
