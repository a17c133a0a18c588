import { performance } from 'node:perf_hooks';

// performance.now() counts from the start of its own thread. The system's monotonic clock, which
// process.hrtime() reads, is one for all of them; it is asked once, since it costs more to read.
const [seconds, nanoseconds] = process.hrtime();
const offsetMs = seconds * 1_000 + nanoseconds / 1e6 - performance.now();

/** The longest delay that setTimeout takes, in milliseconds: with a longer one it fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds on a clock that all threads of the process share and that never goes back. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}

/** What the wall clock showed at a time of {@link monotonicMs}, in whole milliseconds since the epoch. */
export function wallClockMs(at: number): number {
  return Math.round(Date.now() - (monotonicMs() - at));
}
