import { describeMachine } from '../harness/machine.js';
import { spreadOf } from '../harness/summary.js';
import { writeRatios, type Ratios } from './baseline.js';
import { measureRatios } from './checks.js';

const RUNS = 3;

/**
 * Records the ratios that the gate compares with. It takes the median of several runs, since a single one
 * may be lucky or disturbed. Returns the exit code.
 */
export async function recordBaseline(): Promise<number> {
  const runs: Ratios[] = [];
  for (let run = 1; run <= RUNS; run++) {
    const ratios = await measureRatios();
    console.log(`run ${run} of ${RUNS}: ${JSON.stringify(ratios)}`);
    runs.push(ratios);
  }
  const middle = Object.keys(runs[0] ?? {}).map((name) => [
    name,
    spreadOf(runs.map((ratios) => ratios[name] ?? Number.NaN)).median,
  ]);
  const { node, cpu, date } = describeMachine();
  writeRatios(Object.fromEntries(middle) as Ratios, { node, cpu, date });
  return 0;
}
