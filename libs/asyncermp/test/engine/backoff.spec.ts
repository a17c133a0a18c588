import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelayMs } from '../../src/engine/retry-policy.js';
import type { Backoff } from '../../src/contract/task-options.js';

const never = () => 0;
const always = () => 1;

function delays(backoff: Backoff, random: () => number): number[] {
  return [1, 2, 3, 4].map((failures) => backoffDelayMs(backoff, failures, random));
}

describe('backoffDelayMs', () => {
  it('is 0 without a backoff', () => {
    expect(backoffDelayMs(undefined, 3)).toBe(0);
  });

  it('is the number itself, even above a minute', () => {
    expect(delays(3_600_000, always)).toEqual([3_600_000, 3_600_000, 3_600_000, 3_600_000]);
  });

  it('is constant for fixed delays, without jitter and maxDelay by default', () => {
    expect(delays({ type: 'fixed', delay: 90_000 }, always)).toEqual(Array(4).fill(90_000));
    expect(delays({ type: 'fixed', delay: 100, factor: 3 }, always)).toEqual(Array(4).fill(100));
    expect(backoffDelayMs({ type: 'fixed', delay: 100, maxDelay: 60 }, 1)).toBe(60);
    expect(backoffDelayMs({ type: 'fixed', delay: 100, jitter: 0.2 }, 1, always)).toBe(80);
  });

  it('doubles exponential delays by default', () => {
    expect(delays({ type: 'exponential', delay: 100 }, never)).toEqual([100, 200, 400, 800]);
  });

  it('multiplies exponential delays by the factor', () => {
    const backoff: Backoff = { type: 'exponential', delay: 10, factor: 1.5 };
    expect(delays(backoff, never)).toEqual([10, 15, 22.5, 33.75]);
  });

  it('lets exponential delays grow up to a minute or to maxDelay', () => {
    expect(backoffDelayMs({ type: 'exponential', delay: 100 }, 5_000, never)).toBe(60_000);
    const backoff: Backoff = { type: 'exponential', delay: 100, maxDelay: 300 };
    expect(delays(backoff, never)).toEqual([100, 200, 300, 300]);
  });

  it('is 0 for a first delay of 0 after any number of failures', () => {
    expect(backoffDelayMs({ type: 'exponential', delay: 0 }, 5_000, never)).toBe(0);
  });

  it('takes off up to half of an exponential delay at random, or the share given as jitter', () => {
    expect(delays({ type: 'exponential', delay: 100 }, always)).toEqual([50, 100, 200, 400]);
    const backoff: Backoff = { type: 'exponential', delay: 100, maxDelay: 100, jitter: 1 };
    expect(delays(backoff, always)).toEqual([0, 0, 0, 0]);
    expect(backoffDelayMs({ ...backoff, jitter: 0 }, 1, always)).toBe(100);
  });

  it('is always a number from 0 to the longest delay', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            type: fc.constantFrom('fixed', 'exponential'),
            delay: fc.double({ min: 0, max: 1e9, noNaN: true }),
            factor: fc.double({ min: 1, max: 1e3, noNaN: true }),
            maxDelay: fc.double({ min: 0, max: 1e9, noNaN: true }),
            jitter: fc.double({ min: 0, max: 1, noNaN: true }),
          },
          { requiredKeys: ['type', 'delay', 'maxDelay'] },
        ),
        fc.integer({ min: 1, max: 10_000 }),
        (backoff, failures) => {
          const delayMs = backoffDelayMs(backoff, failures);
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(backoff.maxDelay);
        },
      ),
    );
  });
});
