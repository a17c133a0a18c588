import type { Case } from '../harness/case.js';
import type { PayloadWay } from '../peers/pool.js';
import { tripTime } from './metrics.js';
import type { Scenario, ScenarioContext } from './scenario.js';

/*
 * Not 64 MiB: when that much memory outside of the heap is allocated at once, V8 collects all garbage, in
 * any pool. At the limit itself, a few bytes more or less decide whether a pool pays for that.
 */
const SIZES = [
  { title: '1 KB', bytes: 1_000, trips: 500, copies: 500 },
  { title: '1 MB', bytes: 1_000_000, trips: 200, copies: 100 },
  { title: '64 MB', bytes: 64_000_000, trips: 50, copies: 5 },
] as const;
const WAYS: readonly PayloadWay[] = ['cloned', 'transferred', 'shared'];

/** Bytes to a worker and back. */
export const payload: Scenario = {
  name: 'payload',
  title: 'Payloads',
  about:
    'A `Uint8Array` to a worker and back: copied, transferred, or in shared memory. ' +
    'The figure is the median trip.',
  whenPinned: true,
  cases: (context) => SIZES.flatMap((size) => WAYS.map((way) => trips(context, size, way))),
};

function trips(
  { processes, quick }: ScenarioContext,
  { title, bytes, trips, copies }: (typeof SIZES)[number],
  way: PayloadWay,
): Case {
  const params = { bytes, way, trips: way === 'cloned' ? copies : trips };
  return {
    name: `${title} ${way}`,
    metrics: [tripTime],
    contestants: (['worker_threads', 'piscina', 'piscina + Nest', 'nestjs-asyncermp'] as const).map(
      (peer) =>
        // A process for each case, since the library retains results, which would burden the next case.
        processes.contestant(peer, 'payload', params, { group: `${title} ${way}` }),
    ),
    against: ['piscina', 'piscina + Nest'],
    rounds: quick ? 5 : 9,
    warmUps: 1,
  };
}
