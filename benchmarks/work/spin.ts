/**
 * So many steps of arithmetic, each of about a nanosecond. Work of a fixed size rather than of a fixed
 * time: a task that is interrupted has to make up for it, as any real one does.
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

/** How many steps take a microsecond on this machine: the best of several tries, once V8 is warm. */
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
