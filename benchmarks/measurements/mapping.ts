import { able, type Outcome } from '../peers/pool.js';
import { spin } from '../work/spin.js';
import { expectOutcomes } from './expect.js';
import type { Measurement } from './figures.js';

interface Params {
  readonly items: number;
  readonly steps: number;
}

/** Runs many items through the peer's map(). */
export const mapItems: Measurement<Params> = async (peer, { items, steps }) => {
  const map = able(await peer.pool, 'map');
  const startedAt = performance.now();
  const outcomes: Outcome[] = [];
  for await (const outcome of map(Array.from({ length: items }, () => steps))) {
    outcomes.push(outcome);
  }
  return perItem(startedAt, outcomes, { items, steps });
};

/** Runs many items with a call each, all at once. */
export const runEach: Measurement<Params> = async (peer, { items, steps }) => {
  const work = able(await peer.pool, 'work');
  const startedAt = performance.now();
  const outcomes = await Promise.all(Array.from({ length: items }, () => work(steps)));
  return perItem(startedAt, outcomes, { items, steps });
};

function perItem(startedAt: number, outcomes: readonly Outcome[], { items, steps }: Params) {
  const us = ((performance.now() - startedAt) * 1_000) / items;
  if (outcomes.length !== items) {
    throw new Error(`${items} items gave ${outcomes.length} outcomes`);
  }
  expectOutcomes(outcomes, spin(steps));
  return { us };
}
