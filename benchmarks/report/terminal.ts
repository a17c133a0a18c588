import type { CaseResult } from '../harness/case.js';
import type { SuiteListener } from '../harness/suite.js';
import type { Scenario } from '../scenarios/scenario.js';
import { failuresOf, tableOf, type Table } from './case-table.js';
import type { Verdict } from './verdicts.js';

/** Shows progress and tables on the terminal. */
export class TerminalReport implements SuiteListener {
  onScenario({ title }: Scenario): void {
    console.log(`\n== ${title} ==`);
  }

  onRound(name: string, round: number, rounds: number): void {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001B[K${name}: round ${round + 1} of ${rounds}`);
    }
  }

  onCase(result: CaseResult): void {
    if (process.stderr.isTTY) {
      process.stderr.write('\r\u001B[K');
    }
    console.log(`\n${layOut(tableOf(result))}`);
    for (const failure of failuresOf(result)) {
      console.log(failure);
    }
  }
}

/** A table of the targets that were measured. */
export function verdictText(verdicts: readonly Verdict[]): string {
  return layOut({
    head: ['figure', 'target', 'measured', ''],
    rows: verdicts.map(({ title, target, measured, met }) => [
      title,
      target,
      measured,
      met ? 'met' : 'MISSED',
    ]),
  });
}

/** Aligns columns: names to the left, figures to the right. */
export function layOut({ head, rows }: Table): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
