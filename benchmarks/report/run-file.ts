import type { CaseResult, Row } from '../harness/case.js';
import type { SuiteResult } from '../harness/suite.js';
import type { Spread } from '../harness/summary.js';

/** The name of a run among the results: one for each major version of Node and each condition. */
export function runName({ condition, machine }: SuiteResult): string {
  return `node${machine.node.slice(1).split('.')[0]}-${condition}`;
}

/** Median, least and most. */
type Triple = readonly [median: number, min: number, max: number];

/** One contestant: figures by the key of the metric, ratios by keys such as `× piscina`. */
type SavedRow = Readonly<Record<string, Triple>> | { readonly failure: string };

interface SavedCase extends Omit<CaseResult, 'rows'> {
  readonly rows: Readonly<Record<string, SavedRow>>;
}

interface SavedRun extends Omit<SuiteResult, 'cases'> {
  readonly cases: readonly SavedCase[];
}

/** Before the name of a contestant, this makes the key of the ratio to it. */
const TIMES = '× ';

/** More digits than the report prints, which are three, or a whole number from 1,000 on. */
const DIGITS = 6;
const WHOLE_FROM = 1_000;

/** A run as JSON with one line for each contestant, so that a diff shows which figures moved. */
export function runFileText({ cases, ...run }: SuiteResult): string {
  return `{\n${members(run).join(',\n')},\n"cases": [\n${cases.map(caseText).join(',\n')}\n]\n}\n`;
}

function caseText({ rows, ...one }: CaseResult): string {
  const saved = Object.fromEntries(rows.map((row) => [row.contestant, savedRow(row)]));
  return `{${members(one).join(', ')}, "rows": {\n${members(saved).join(',\n')}\n}}`;
}

function members(object: object): readonly string[] {
  return Object.entries(object).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
}

function savedRow({ contestant, figures, ratios, failure }: Row): SavedRow {
  if (failure !== undefined) {
    return { failure };
  }
  return Object.fromEntries([
    ...Object.entries(figures).map(([key, spread]) => [key, tripleOf(spread)] as const),
    ...Object.entries(ratios)
      .filter(([other]) => other !== contestant)
      .map(([other, spread]) => [TIMES + other, tripleOf(spread)] as const),
  ]);
}

function tripleOf({ median, min, max }: Spread): Triple {
  return [rounded(median), rounded(min), rounded(max)];
}

function rounded(value: number): number {
  return value < WHOLE_FROM ? Number(value.toPrecision(DIGITS)) : Math.round(value);
}

/** Reads what {@link runFileText} wrote. */
export function parseRunFile(text: string): SuiteResult {
  const { cases, ...run } = JSON.parse(text) as SavedRun;
  return {
    ...run,
    cases: cases.map(({ rows, ...one }) => ({
      ...one,
      rows: Object.entries(rows).map(([contestant, saved]) => rowOf(contestant, saved)),
    })),
  };
}

function rowOf(contestant: string, saved: SavedRow): Row {
  if (isFailure(saved)) {
    return { contestant, figures: {}, ratios: {}, failure: saved.failure };
  }
  const spreads = Object.entries(saved).map(
    ([key, [median, min, max]]) => [key, { median, min, max }] as const,
  );
  return {
    contestant,
    figures: Object.fromEntries(spreads.filter(([key]) => !key.startsWith(TIMES))),
    ratios: Object.fromEntries(
      spreads.flatMap(([key, spread]) =>
        key.startsWith(TIMES) ? [[key.slice(TIMES.length), spread]] : [],
      ),
    ),
  };
}

function isFailure(row: SavedRow): row is { readonly failure: string } {
  return typeof row['failure'] === 'string';
}
