import { formatNumber } from '../report/format.js';
import { layOut } from '../report/terminal.js';
import { recordedRatios, type Ratios } from './baseline.js';
import { measureRatios } from './checks.js';

/** A check fails if its ratio is below this share of the recorded one. */
const LEAST_SHARE = 0.75;
/** A check fails only if it fails in all attempts: a busy machine recovers, a regression does not. */
const ATTEMPTS = 5;

/**
 * Compares the ratios to piscina with the recorded ones. Absolute times would depend on the machine.
 * Returns the exit code.
 */
export async function runGate(): Promise<number> {
  const recorded = recordedRatios();
  if (!recorded) {
    console.error(
      `benchmarks/baseline.json has nothing for Node ${process.version}: record it with npm run bench -- --record`,
    );
    return 2;
  }
  let best: Ratios = {};
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    best = better(best, await measureRatios());
    const failed = failures(best, recorded);
    console.log(`\nattempt ${attempt} of ${ATTEMPTS}\n${tableText(best, recorded)}`);
    if (failed.length === 0) {
      console.log('\nThe gate is passed.');
      return 0;
    }
    console.log(`\nMore than a quarter below the recorded ratio: ${failed.join(', ')}.`);
  }
  return 1;
}

function better(one: Ratios, other: Ratios): Ratios {
  return Object.fromEntries(
    Object.entries(other).map(([name, ratio]) => [name, Math.max(ratio, one[name] ?? 0)]),
  );
}

function failures(measured: Ratios, recorded: Ratios): readonly string[] {
  return Object.entries(recorded)
    .filter(([name, ratio]) => (measured[name] ?? 0) < ratio * LEAST_SHARE)
    .map(([name]) => name);
}

function tableText(measured: Ratios, recorded: Ratios): string {
  return layOut({
    head: ['× piscina, one core', 'recorded', 'least', 'measured', ''],
    rows: Object.entries(recorded).map(([name, ratio]) => {
      const own = measured[name] ?? 0;
      const least = ratio * LEAST_SHARE;
      const verdict = own < least ? 'BELOW' : 'ok';
      return [name, formatNumber(ratio), formatNumber(least), formatNumber(own), verdict];
    }),
  });
}
