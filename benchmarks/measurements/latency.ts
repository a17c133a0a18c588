import { able } from '../peers/pool.js';
import { expectOutcomes } from './expect.js';
import type { Measurement } from './figures.js';

/** Runs one tiny task after another, and takes the time of each from the call to its result. */
export const latency: Measurement<{ tasks: number }> = async (peer, { tasks }) => {
  const work = able(await peer.pool, 'work');
  const microseconds = new Float64Array(tasks);
  for (let task = 0; task < tasks; task++) {
    const startedAt = performance.now();
    const outcome = await work(0);
    microseconds[task] = (performance.now() - startedAt) * 1_000;
    expectOutcomes([outcome], 1);
  }
  microseconds.sort();
  return { p50: percentile(microseconds, 0.5), p99: percentile(microseconds, 0.99) };
};

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
