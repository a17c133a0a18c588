import { runCase } from '../harness/rounds.js';
import type { Case, Contestant, Metric } from '../harness/case.js';
import { Processes } from '../harness/processes.js';
import { itemTime, p50, rate, time } from '../scenarios/metrics.js';
import type { Ratios } from './baseline.js';

const OURS = 'nestjs-asyncermp';
const PEER = 'piscina';
/** A hand-written worker with injection, as this library has it. */
const INJECTING_PEER = 'piscina + Nest';

/** Only the library and its peer, in many short rounds, since the gate checks their ratio. */
function cases(processes: Processes): readonly Case[] {
  const both = (measure: (peer: typeof OURS | typeof PEER) => Contestant) => [
    measure(PEER),
    measure(OURS),
  ];
  const check = (name: string, metric: Metric, contestants: readonly Contestant[]): Case => ({
    name,
    metrics: [metric],
    contestants,
    against: contestants.slice(0, 1).map(({ name: first }) => first),
    rounds: 9,
    warmUps: 2,
  });
  const items = { items: 10_000, steps: 0 };
  return [
    check(
      'burst',
      rate,
      both((peer) => processes.contestant(peer, 'burst', { tasks: 10_000, steps: 0 })),
    ),
    check(
      '16 in flight',
      rate,
      both((peer) => processes.contestant(peer, 'closedLoop', { inFlight: 16, steps: 0, ms: 200 })),
    ),
    check(
      'one at a time',
      p50,
      both((peer) => processes.contestant(peer, 'latency', { tasks: 2_000 })),
    ),
    check('map', itemTime, [
      processes.contestant(PEER, 'runEach', items),
      processes.contestant(OURS, 'mapItems', items),
    ]),
    check(
      `first result, × ${INJECTING_PEER}`,
      time,
      ([INJECTING_PEER, OURS] as const).map((peer) =>
        processes.fresh(peer, 'coldStart', { atOnce: 1 }),
      ),
    ),
  ];
}

/**
 * Measures all checks once.
 *
 * @throws Error if the library or its peer cannot be measured
 */
export async function measureRatios(): Promise<Ratios> {
  const processes = new Processes();
  try {
    const ratios: [string, number][] = [];
    for (const one of cases(processes)) {
      const { rows } = await runCase('gate', one, () => {});
      const failure = rows.find((row) => row.failure !== undefined)?.failure;
      const own = rows.find(({ contestant }) => contestant === OURS);
      const median = own?.ratios[one.against[0] ?? '']?.median;
      if (failure !== undefined || median === undefined) {
        throw new Error(`The gate cannot measure '${one.name}': ${failure}`);
      }
      ratios.push([one.name, Math.round(median * 1_000) / 1_000]);
    }
    return Object.fromEntries(ratios);
  } finally {
    await processes.end();
  }
}
