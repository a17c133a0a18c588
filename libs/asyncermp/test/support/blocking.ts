const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread, as a long computation of the application would. */
export function blockFor(ms: number): void {
  Atomics.wait(sleeper, 0, 0, ms);
}

/** Blocks this thread until the condition holds, or the limit is over. Returns whether it holds. */
export function blockUntil(isTrue: () => boolean, limitMs = 10_000): boolean {
  const end = performance.now() + limitMs;
  while (!isTrue() && performance.now() < end) {
    blockFor(1);
  }
  return isTrue();
}
