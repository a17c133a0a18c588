import type { Outcome } from '../peers/pool.js';

/** A pool that is fast because it does something else is no pool: every measurement looks. */
export function expectOutcomes(outcomes: readonly Outcome[], expected: number): void {
  for (const { uid, result } of outcomes) {
    if (result !== expected || uid === '') {
      throw new Error(`A task gave { uid: '${uid}', result: ${result} } instead of ${expected}`);
    }
  }
}
