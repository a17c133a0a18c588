import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Figures } from './figures.js';

/** Some beats of the monitor, which has a resolution of 1 ms. */
const BEATS_MS = 10;

/**
 * How long a job takes, and what becomes of the event loop meanwhile. The monitor has begun before the
 * job does, and looks once more after it: else it would not notice a loop that was held all the time.
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
