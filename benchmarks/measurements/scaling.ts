import { able, type Outcome } from '../peers/pool.js';
import { spin } from '../work/spin.js';
import { expectOutcomes } from './expect.js';
import type { Measurement } from './figures.js';
import { watchLoop } from './watch-loop.js';

/** Runs some long tasks at once. */
export const scaling: Measurement<{ tasks: number; steps: number }> = async (
  peer,
  { tasks, steps },
) => {
  const work = able(await peer.pool, 'work');
  let outcomes: readonly Outcome[] = [];
  const figures = await watchLoop(async () => {
    outcomes = await Promise.all(Array.from({ length: tasks }, () => work(steps)));
  });
  expectOutcomes(outcomes, spin(steps));
  return figures;
};
