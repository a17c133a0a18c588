import type { Outcome } from '../peers/pool.js';

/** Checks the results, so that no pool is fast because it computes something else. */
export function expectOutcomes(outcomes: readonly Outcome[], expected: number): void {
  for (const { uid, result } of outcomes) {
    if (result !== expected || uid === '') {
      throw new Error(`A task gave { uid: '${uid}', result: ${result} } instead of ${expected}`);
    }
  }
}
