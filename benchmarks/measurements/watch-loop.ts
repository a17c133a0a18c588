import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Figures } from './figures.js';

/** Time for several beats of the monitor, which has a resolution of 1 ms. */
const BEATS_MS = 10;

/**
 * The time of a job, and the delay of the event loop meanwhile. The monitor beats before and after the job,
 * since it would otherwise not notice a loop that the job blocks all the time.
 */
export async function watchLoop(job: () => Promise<unknown>): Promise<Figures> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await wait(BEATS_MS);
  const startedAt = performance.now();
  await job();
  const ms = performance.now() - startedAt;
  await wait(BEATS_MS);
  delays.disable();
  return { ms, delayP99: delays.percentile(99) / 1e6, delayMax: delays.max / 1e6 };
}
