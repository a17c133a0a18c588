import { performance } from 'node:perf_hooks';

// performance.now() counts from the start of its own thread. process.hrtime() reads the system's monotonic
// clock, which all threads share, but costs more. So it is read once, to learn this thread's offset.
const [seconds, nanoseconds] = process.hrtime();
const offsetMs = seconds * 1_000 + nanoseconds / 1e6 - performance.now();

/** The longest delay that setTimeout takes, in milliseconds. It fires a longer one at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The time in milliseconds on a clock that all threads of the process share and that never goes back. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}

/** Converts a time of {@link monotonicMs} to whole milliseconds since the epoch. */
export function wallClockMs(at: number): number {
  return Math.round(Date.now() - (monotonicMs() - at));
}
