import { able } from '../peers/pool.js';
import { spin } from '../work/spin.js';
import { cpuClock } from './cpu-clock.js';
import { expectOutcomes } from './expect.js';
import type { Measurement } from './figures.js';

/** Keeps a number of tasks in flight for a period: each completed task is followed by the next. */
export const closedLoop: Measurement<{ inFlight: number; steps: number; ms: number }> = async (
  peer,
  { inFlight, steps, ms },
) => {
  const work = able(await peer.pool, 'work');
  const expected = spin(steps);
  const cpuUs = cpuClock();
  const startedAt = performance.now();
  let tasks = 0;
  const submitter = async (): Promise<void> => {
    while (performance.now() - startedAt < ms) {
      expectOutcomes([await work(steps)], expected);
      tasks++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, submitter));
  const seconds = (performance.now() - startedAt) / 1_000;
  return { rate: tasks / seconds, cpu: cpuUs() / tasks };
};
