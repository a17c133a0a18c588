import { ConfigurationError } from '../contract/errors.js';
import type { Backoff } from '../contract/task-options.js';
import type { PoolLog } from '../pool/pool-log.js';
import type { Task } from './task.js';

const DEFAULT_FACTOR = 2;
const DEFAULT_MAX_DELAY_MS = 60_000;
const DEFAULT_JITTER = 0.5;

/**
 * Counts a failure of the handler. Returns the pause before the next attempt, in milliseconds; undefined if
 * there is none. Calls the user's `retryOn`.
 */
export function pauseAfterFailure(task: Task, error: unknown, log: PoolLog): number | undefined {
  const { attempts, retryOn, backoff } = task.policy;
  task.rare.failures++;
  if (task.failures >= attempts) {
    return undefined;
  }
  try {
    if (retryOn && !isWorthIt(retryOn(error))) {
      return undefined;
    }
  } catch (thrown) {
    log.retryOnThrew(task.uid, task.handlerName, thrown);
    return undefined;
  }
  return backoffDelayMs(backoff, task.failures);
}

/** @throws ConfigurationError for a promise, which would always be true */
function isWorthIt(answer: unknown): boolean {
  if (typeof answer === 'object' && answer !== null && 'then' in answer) {
    // The application is to hear of this error, and not of an unhandled rejection.
    Promise.resolve(answer).catch(() => {});
    throw new ConfigurationError('retryOn returned a promise, and takes true or false at once');
  }
  return Boolean(answer);
}

/** The same for a worker that died under the task, which is counted apart. */
export function pauseAfterCrash(task: Task): number | undefined {
  const { crashAttempts, backoff } = task.policy;
  task.rare.crashes++;
  return task.crashes < crashAttempts ? backoffDelayMs(backoff, task.crashes) : undefined;
}

/**
 * How long to wait before the next attempt, in milliseconds.
 *
 * @param backoff - As in the task's options; without it there is no wait.
 * @param failures - How many attempts have failed, from 1.
 * @param random - A number from 0 up to 1, from which the jitter is made.
 */
export function backoffDelayMs(
  backoff: Backoff | undefined,
  failures: number,
  random: () => number = Math.random,
): number {
  if (backoff === undefined) {
    return 0;
  }
  if (typeof backoff === 'number') {
    return backoff;
  }
  const exponential = backoff.type === 'exponential';
  const jitter = backoff.jitter ?? (exponential ? DEFAULT_JITTER : 0);
  const delayMs = exponential ? grown(backoff, failures) : backoff.delay;
  // The default bound is for delays that grow: a fixed delay of an hour is meant as one.
  const maxDelayMs = backoff.maxDelay ?? (exponential ? DEFAULT_MAX_DELAY_MS : delayMs);
  return Math.min(delayMs, maxDelayMs) * (1 - jitter * random());
}

function grown({ delay, factor = DEFAULT_FACTOR }: Exclude<Backoff, number>, failures: number) {
  // A power grows to Infinity, which times a delay of 0 would be no number.
  return delay * Math.min(factor ** (failures - 1), Number.MAX_VALUE);
}
