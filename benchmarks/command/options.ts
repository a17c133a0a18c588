import { parseArgs } from 'node:util';
import { scenarios } from '../scenarios/index.js';
import type { Scenario } from '../scenarios/scenario.js';

/** The options of the command line. */
export interface BenchOptions {
  readonly quick: boolean;
  readonly pinned: boolean;
  readonly gate: boolean;
  readonly record: boolean;
  readonly save: boolean;
  readonly report: boolean;
  readonly scenarios: readonly Scenario[];
  readonly json: string | undefined;
  readonly node: string | undefined;
}

export const HELP = `npm run bench -- [options]

  --quick          fewer rounds and smaller cases: some ten minutes
  --only a,b       only these scenarios: ${scenarios.map(({ name }) => name).join(', ')}
  --pinned         on one core (taskset -c 0): only the cost of the software, and repeatable
  --node <path>    with another Node.js
  --json <file>    write all figures
  --save           write benchmarks/results/ and benchmarks/RESULTS.md
  --report         only write RESULTS.md and the charts again, from benchmarks/results/
  --gate           the check of CI: ratios to piscina against benchmarks/baseline.json
  --record         write benchmarks/baseline.json`;

/** @throws UsageError */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parse(args);
  if (values.help) {
    return 'help';
  }
  if (values.save && values.only !== undefined) {
    throw new UsageError(
      '--save takes the place of all figures of a run, so it needs all scenarios',
    );
  }
  return {
    quick: values.quick ?? false,
    // The gate measures on one core: with more, its ratios vary too much from run to run.
    pinned: (values.pinned ?? values.gate ?? values.record) || false,
    gate: values.gate ?? false,
    record: values.record ?? false,
    save: values.save ?? false,
    report: values.report ?? false,
    scenarios: values.only === undefined ? scenarios : values.only.split(',').map(scenarioNamed),
    json: values.json,
    node: values.node,
  };
}

/** The command line is invalid. */
export class UsageError extends Error {}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        pinned: { type: 'boolean' },
        gate: { type: 'boolean' },
        record: { type: 'boolean' },
        save: { type: 'boolean' },
        report: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        only: { type: 'string' },
        json: { type: 'string' },
        node: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

function scenarioNamed(name: string): Scenario {
  const scenario = scenarios.find((one) => one.name === name.trim());
  if (!scenario) {
    throw new UsageError(`--only: there is no scenario '${name}'\n\n${HELP}`);
  }
  return scenario;
}
