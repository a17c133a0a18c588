import type { CaseResult, Row } from '../harness/case.js';
import { formatFigure, formatNumber, formatRange, formatRatio } from './format.js';

/** A table of texts, for the terminal and for Markdown. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table of a case: median and range of each metric, then the ratios of the first one. */
export function tableOf({ name, metrics, against, rows }: CaseResult): Table {
  return {
    head: [
      name,
      ...metrics.flatMap(({ title }) => [title, 'min–max']),
      ...against.flatMap((other) => [`× ${other}`, 'min–max']),
    ],
    rows: rows.map((row) => [
      row.contestant,
      ...metrics.flatMap((metric) => {
        const figure = row.figures[metric.key];
        return figure
          ? [formatFigure(figure.median, metric), formatRange(figure, metric)]
          : ['', ''];
      }),
      ...against.flatMap((other) => ratioCells(row, other)),
    ]),
  };
}

function ratioCells(row: Row, other: string): readonly string[] {
  const ratio = row.ratios[other];
  if (!ratio || row.contestant === other) {
    return ['', ''];
  }
  return [formatRatio(ratio), `${formatNumber(ratio.min)}–${formatNumber(ratio.max)}`];
}

/** A sentence for each contestant that could not be measured. */
export function failuresOf({ name, rows }: CaseResult): readonly string[] {
  return rows.flatMap(({ contestant, failure }) =>
    failure === undefined ? [] : [`${name}: ${contestant} was not measured: ${failure}`],
  );
}
