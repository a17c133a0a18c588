import { checkOptions, rules, type OptionRule, type OptionRules } from './check-options.js';
import type { CpuTaskOptions, TaskDefaults, TaskOptions } from './task-options.js';

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
