import { loopDelays, time } from './metrics.js';
import type { Scenario } from './scenario.js';

const PEERS = ['piscina', 'piscina + Nest', 'tinypool', 'workerpool', 'nestjs-asyncermp'] as const;

/** A worker that never ends its task. */
export const stuck: Scenario = {
  name: 'stuck',
  title: 'A stuck worker is ended',
  about:
    'One of two workers is in an endless loop, and its task is cancelled (without grace, if the pool has ' +
    'that option). The time until two workers run at the same time again.',
  whenPinned: true,
  cases: ({ processes, quick }) => [
    {
      name: 'pool whole again',
      metrics: [time, ...loopDelays.slice(1)],
      contestants: [
        ...PEERS.map((peer) => processes.contestant(peer, 'stuck', {}, { cancelGraceMs: 0 })),
        processes.contestant(
          'nestjs-asyncermp',
          'stuck',
          {},
          { name: 'nestjs-asyncermp, with a spare', cancelGraceMs: 0, spares: 1 },
        ),
      ],
      against: ['piscina + Nest', 'piscina'],
      rounds: quick ? 5 : 11,
      warmUps: 1,
    },
  ],
};
