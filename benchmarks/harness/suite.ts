import type { Scenario } from '../scenarios/scenario.js';
import { stepsPerMicrosecond } from '../work/spin.js';
import type { CaseResult } from './case.js';
import { describeMachine, type Machine } from './machine.js';
import { Processes } from './processes.js';
import { runCase } from './rounds.js';

/** The figures of a run, as `--json` writes them and the report shows them. */
export interface SuiteResult {
  readonly condition: 'free' | 'pinned';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly cases: readonly CaseResult[];
}

/** Is notified of the progress of a run. */
export interface SuiteListener {
  onScenario(scenario: Scenario): void;
  onRound(name: string, round: number, rounds: number): void;
  onCase(result: CaseResult): void;
}

/** Runs scenarios one after another. On one core, those that need more are left out. */
export async function runSuite(
  scenarios: readonly Scenario[],
  { quick, pinned }: { readonly quick: boolean; readonly pinned: boolean },
  listener: SuiteListener,
): Promise<SuiteResult> {
  const machine = describeMachine();
  const perMicrosecond = stepsPerMicrosecond();
  const steps = (us: number): number => Math.round(us * perMicrosecond);
  const cases: CaseResult[] = [];
  for (const scenario of scenarios.filter(({ whenPinned }) => whenPinned || !pinned)) {
    listener.onScenario(scenario);
    const processes = new Processes();
    for (const one of scenario.cases({ quick, pinned, steps, processes })) {
      const result = await runCase(scenario.name, one, (round, rounds) =>
        listener.onRound(one.name, round, rounds),
      );
      cases.push(result);
      listener.onCase(result);
    }
    await processes.end();
  }
  return { condition: pinned ? 'pinned' : 'free', quick, machine, cases };
}
