import { able } from '../peers/pool.js';
import { spin } from '../work/spin.js';
import { cpuClock } from './cpu-clock.js';
import { expectOutcomes } from './expect.js';
import type { Measurement } from './figures.js';

/** Submits all tasks at once. */
export const burst: Measurement<{ tasks: number; steps: number; withHandle?: boolean }> = async (
  peer,
  { tasks, steps, withHandle = false },
) => {
  const work = able(await peer.pool, withHandle ? 'workWithHandle' : 'work');
  const cpuUs = cpuClock();
  const startedAt = performance.now();
  const outcomes = await Promise.all(Array.from({ length: tasks }, () => work(steps)));
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = cpuUs() / tasks;
  expectOutcomes(outcomes, spin(steps));
  return { rate: tasks / seconds, cpu };
};
