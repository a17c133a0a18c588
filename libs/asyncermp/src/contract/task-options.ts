import type { Transferable } from 'node:worker_threads';
import { checkOptions, rules, type OptionRule, type OptionRules } from './check-options.js';

/**
 * How long to wait before the next attempt. A number is a fixed delay in milliseconds.
 *
 * `exponential` waits `delay * factor ** (attempt - 1)`, at most `maxDelay`; `jitter` takes up to that
 * share of it away at random, so that what failed together does not come back together
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 */
export type Backoff =
  | number
  | {
      /** Whether every pause is the same, or each longer than the one before. */
      readonly type: 'fixed' | 'exponential';
      /** The first delay, in milliseconds. */
      readonly delay: number;
      /** What each further delay is multiplied by. Default 2; `exponential` only. */
      readonly factor?: number;
      /** The longest delay, in milliseconds. Default 60,000. */
      readonly maxDelay?: number;
      /** The share of a delay that chance may take away, 0 to 1. Default 0.5; 0 for fixed delays. */
      readonly jitter?: number;
    };

/** Options that may stand on a call, on a handler and on the module: the nearest one counts. */
export interface TaskDefaults {
  /** Higher is taken first; first come, first served within one priority. Any finite number. Default 0. */
  readonly priority?: number;
  /**
   * The longest one attempt may run, from its start, in milliseconds. What is left of a handler that
   * does not stop within `cancelGrace` is ended with its worker. Default: no limit.
   */
  readonly timeout?: number;
  /** The longest the task may wait for its first attempt, in milliseconds. Default: no limit. */
  readonly queueTimeout?: number;
  /** The longest from acceptance to the outcome, retries included, in milliseconds. Default: no limit. */
  readonly deadline?: number;
  /** How often to try, counting failures of the handler and timeouts. A whole number from 1. Default 1. */
  readonly attempts?: number;
  /**
   * How often to try when the worker dies under the task: a count of its own, so that a task that kills
   * workers cannot kill them for ever. A whole number from 1. Default 1.
   */
  readonly crashAttempts?: number;
  /** The pause before the next attempt. Default: none. */
  readonly backoff?: Backoff;
  /** Which errors are worth another attempt. Default: all of them. */
  readonly retryOn?: (error: unknown) => boolean;
  /** What a submission with a uid in flight gets: a `DuplicateTaskError`, or the task in flight. Default `'reject'`. */
  readonly onDuplicate?: 'reject' | 'join';
}

/** Options of one call. */
export interface TaskOptions extends TaskDefaults {
  /** The task's name among those in flight: a non-empty string. Default: a unique one. */
  readonly uid?: string;
  /** Cancels the task when it is aborted; the signal's reason becomes the error's `cause`. */
  readonly signal?: AbortSignal;
  /**
   * What is handed over instead of copied: ArrayBuffers, MessagePorts and the like that stand in the
   * arguments. They are detached here when the (last) attempt starts.
   */
  readonly transfer?: readonly Transferable[];
  /** Tasks of one priority are taken round-robin over their keys, say one per tenant. */
  readonly fairnessKey?: string;
}

/** Options of a handler, given to `@CpuTask()`. */
export interface CpuTaskOptions extends TaskDefaults {
  /** The handler's name. Default `Class.method`. */
  readonly name?: string;
  /** How many attempts of this handler may run at once, within the pool's bound. Default: the pool's. */
  readonly concurrency?: number;
}

const backoff: OptionRule = {
  expected:
    "a number of milliseconds from 0, or { type: 'fixed' | 'exponential', delay, factor?, maxDelay?, jitter? }",
  test: (value) =>
    rules.millisecondsFrom0.test(value)
      ? value !== Infinity
      : typeof value === 'object' && value !== null && isBackoff(value),
};

function isBackoff(value: object): boolean {
  const {
    type,
    delay,
    factor = 1,
    maxDelay = 0,
    jitter = 0,
    ...rest
  } = value as Record<string, unknown>;
  return (
    (type === 'fixed' || type === 'exponential') &&
    rules.finite.test(delay) &&
    Number(delay) >= 0 &&
    rules.finite.test(factor) &&
    Number(factor) >= 1 &&
    rules.millisecondsFrom0.test(maxDelay) &&
    rules.finite.test(jitter) &&
    Number(jitter) >= 0 &&
    Number(jitter) <= 1 &&
    Object.keys(rest).length === 0
  );
}

const defaultRules: OptionRules<TaskDefaults> = {
  priority: rules.finite,
  timeout: rules.milliseconds,
  queueTimeout: rules.milliseconds,
  deadline: rules.milliseconds,
  attempts: rules.wholeFrom(1),
  crashAttempts: rules.wholeFrom(1),
  backoff,
  retryOn: rules.function,
  onDuplicate: rules.oneOf('reject', 'join'),
};

const callRules: OptionRules<TaskOptions> = {
  ...defaultRules,
  uid: rules.text,
  signal: { expected: 'an AbortSignal', test: (value) => value instanceof AbortSignal },
  transfer: rules.array,
  fairnessKey: rules.text,
};

const handlerRules: OptionRules<CpuTaskOptions> = {
  ...defaultRules,
  name: rules.text,
  concurrency: rules.wholeFrom(1),
};

/** @throws ConfigurationError */
export function checkTaskDefaults(given: TaskDefaults, where: string): void {
  checkOptions(given, defaultRules, where);
}

/** @throws ConfigurationError */
export function checkTaskOptions(given: TaskOptions, handler: string): void {
  checkOptions(given, callRules, `The options of a task of ${handler}`, { handler });
}

/** @throws ConfigurationError */
export function checkHandlerOptions(given: CpuTaskOptions, handler: string): void {
  checkOptions(given, handlerRules, `@CpuTask() on ${handler}`, { handler });
}
