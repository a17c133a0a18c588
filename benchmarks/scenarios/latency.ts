import { POOLS } from '../peers/index.js';
import { p50, p99 } from './metrics.js';
import type { Scenario } from './scenario.js';

/** The time of a single call. */
export const latency: Scenario = {
  name: 'latency',
  title: 'One at a time',
  about:
    'One tiny task after another, from the call to its result. With idle cores, most of it is the time ' +
    'that a sleeping core takes to wake up.',
  whenPinned: true,
  cases: ({ processes, quick }) => [
    {
      name: 'one at a time',
      metrics: [p50, p99],
      contestants: [...POOLS, 'posted ahead' as const].map((peer) =>
        processes.contestant(peer, 'latency', { tasks: quick ? 2_000 : 5_000 }),
      ),
      against: ['piscina'],
      rounds: quick ? 5 : 9,
      warmUps: 1,
    },
  ],
};
