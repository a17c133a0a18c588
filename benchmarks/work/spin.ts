/**
 * Does a number of steps of arithmetic, each of about a nanosecond. The size of the work is fixed, not its
 * time: an interrupted task ends later, like a real one.
 */
export function spin(steps: number): number {
  let state = 1;
  for (let step = 0; step < steps; step++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}

/** The number of steps in a microsecond on this machine: the best of several tries, with warm code. */
export function stepsPerMicrosecond(): number {
  const steps = 2_000_000;
  let bestMs = Infinity;
  for (let attempt = 0; attempt < 20; attempt++) {
    const startedAt = performance.now();
    spin(steps);
    bestMs = Math.min(bestMs, performance.now() - startedAt);
  }
  return steps / (bestMs * 1_000);
}
