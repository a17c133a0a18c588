import type { SuiteResult } from '../harness/suite.js';
import { scenarios } from '../scenarios/index.js';
import { failuresOf, tableOf, type Table } from './case-table.js';
import { chartsOf } from './charts.js';
import { runName } from './run-file.js';
import { verdictsOf } from './verdicts.js';

const INTRODUCTION = `# Results

\`npm run bench -- --save\` writes this page, except for the section "Where it loses, and why".
[README.md](./README.md) explains how the figures are measured, and how to measure your own.

Contestants take turns (A B C, A B C, …). Every figure is the median of all rounds, beside the least and the
most. A ratio compares two figures of the same round, and is the median of all rounds: "× piscina" says how
many times better than piscina, and above 1 is better, whether more or less of the metric is. Machines
differ, so compare within a table.
`;

/** The text of RESULTS.md: targets, losses and all tables. */
export function resultsDocument(results: readonly SuiteResult[], losses: string): string {
  return [
    INTRODUCTION,
    ...results.map(targetSection),
    losses.trim(),
    '',
    ...results.map(runSection),
  ].join('\n');
}

function targetSection(result: SuiteResult): string {
  const rows = verdictsOf(result).map(({ title, target, measured, met }) => [
    title,
    target,
    measured,
    met ? 'met' : '**missed**',
  ]);
  return `## Targets: ${headingOf(result)}\n\n${markdown({ head: ['', 'target', 'measured', ''], rows })}\n`;
}

function runSection(result: SuiteResult): string {
  const { machine } = result;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `## ${headingOf(result)}`,
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}; ` +
      `${machine.date}, commit ${machine.commit}, load before ${machine.load}${result.quick ? '; quick form' : ''}. ` +
      `${versions.join(', ')}.`,
    '',
    ...scenarios.flatMap((scenario) => scenarioSection(scenario, result)),
  ].join('\n');
}

function scenarioSection(
  { name, title, about }: { name: string; title: string; about: string },
  result: SuiteResult,
): readonly string[] {
  const cases = result.cases.filter(({ scenario }) => scenario === name);
  if (cases.length === 0) {
    return [];
  }
  const charts = chartsOf(result, runName(result));
  return [
    `### ${title}`,
    '',
    about,
    '',
    ...cases.flatMap((one) => [
      ...charts
        .filter((chart) => chart.name === one.name)
        .flatMap(({ name, file }) => [`![${name}](./results/${file})`, '']),
      markdown(tableOf(one)),
      '',
      ...failuresOf(one).flatMap((failure) => [failure, '']),
    ]),
  ];
}

function headingOf({ condition, machine }: SuiteResult): string {
  return `Node ${machine.node}, ${condition === 'pinned' ? 'pinned to one core' : 'free'}`;
}

function markdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '---:')))]
    .concat(rows.map(line))
    .join('\n');
}
