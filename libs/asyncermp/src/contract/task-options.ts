import { types } from 'node:util';
import type { Transferable } from 'node:worker_threads';
import { checkOptions, rules, type OptionRule, type OptionRules } from './check-options.js';

/**
 * The delay before the next attempt. A number is a fixed delay in milliseconds.
 *
 * `exponential` waits `delay * factor ** (attempt - 1)`, at most `maxDelay`. `jitter` subtracts a random
 * share of the delay, so that tasks which failed together do not retry together
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 */
export type Backoff =
  | number
  | {
      /** Whether all delays are the same, or each is longer than the one before. */
      readonly type: 'fixed' | 'exponential';
      /** The first delay, in milliseconds. */
      readonly delay: number;
      /** The factor between one delay and the next, from 1. Default 2; `exponential` only. */
      readonly factor?: number;
      /** The longest delay, in milliseconds. Default 60,000. */
      readonly maxDelay?: number;
      /** The largest share of a delay that is subtracted at random, 0 to 1. Default 0.5; 0 for fixed delays. */
      readonly jitter?: number;
    };

/**
 * Options that a call, a handler (`@CpuTask()`) and the module (`defaults`) can set. The call overrides the
 * handler, and the handler overrides the module.
 */
export interface TaskDefaults {
  /** Higher runs first; first come, first served within one priority. Any finite number. Default 0. */
  readonly priority?: number;
  /**
   * The longest that one attempt may run, from its start, in milliseconds. Then the handler is asked to
   * stop, and its worker is ended if it does not stop within `cancelGrace`. Default: no limit.
   */
  readonly timeout?: number;
  /** The longest that the task may wait for its first attempt, in milliseconds. Default: no limit. */
  readonly queueTimeout?: number;
  /** The longest from acceptance to the outcome, retries included, in milliseconds. Default: no limit. */
  readonly deadline?: number;
  /** The most attempts, counting failures of the handler and timeouts. A whole number from 1. Default 1. */
  readonly attempts?: number;
  /**
   * The most attempts, counting crashes of the worker. Counted apart from `attempts`, so that a task that
   * kills its worker cannot do so without end. A whole number from 1. Default 1.
   */
  readonly crashAttempts?: number;
  /** The delay before the next attempt. Default: none. */
  readonly backoff?: Backoff;
  /** Returns whether the error is worth another attempt, at once: a promise counts as no. Default: every error is. */
  readonly retryOn?: (error: unknown) => boolean;
  /**
   * What happens to a submission whose uid is in flight: `'reject'` throws a `DuplicateTaskError`, `'join'`
   * returns the task in flight. The `signal` of each of its callers then rejects that caller only, and the task
   * is cancelled when the last one has left. Default `'reject'`.
   */
  readonly onDuplicate?: 'reject' | 'join';
}

/** Options of one call. */
export interface TaskOptions extends TaskDefaults {
  /** Identifies the task among those in flight: a non-empty string. Default: a generated one. */
  readonly uid?: string;
  /** Cancels the task when it is aborted. The signal's reason becomes the `cause` of the error. */
  readonly signal?: AbortSignal;
  /**
   * Objects in the arguments that are transferred instead of copied: ArrayBuffers, MessagePorts and the
   * like. They are detached in the application when the (last) attempt starts.
   */
  readonly transfer?: readonly Transferable[];
  /** Tasks of one priority run round-robin over their keys. Use one key per tenant, for example. */
  readonly fairnessKey?: string;
}

/** Options of a handler, given to `@CpuTask()`. */
export interface CpuTaskOptions extends TaskDefaults {
  /** The handler's name. Default `Class.method`. */
  readonly name?: string;
  /** The most attempts of this handler at once, within `maxProcesses`. A whole number from 1. Default: no own limit. */
  readonly concurrency?: number;
  /**
   * Whether instances of classes that are not sendable are refused in this handler's arguments, results and
   * progress. Default: the module's `strictClasses`.
   */
  readonly strictClasses?: boolean;
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
  retryOn: {
    expected: 'a function that returns true or false, and no promise',
    test: (value) => typeof value === 'function' && !types.isAsyncFunction(value),
  },
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
  strictClasses: rules.boolean,
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
