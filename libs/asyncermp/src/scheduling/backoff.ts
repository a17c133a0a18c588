import type { Backoff } from '../tasks/task-options.js';

const DEFAULT_FACTOR = 2;
const DEFAULT_MAX_DELAY_MS = 60_000;
const DEFAULT_JITTER = 0.5;

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
  if (backoff === undefined) return 0;
  if (typeof backoff === 'number') return backoff;
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
