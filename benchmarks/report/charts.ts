import type { CaseResult } from '../harness/case.js';
import type { SuiteResult } from '../harness/suite.js';
import { barChart } from './chart.js';
import { formatFigure } from './format.js';

/** The chart of a case. */
export interface ChartFile {
  /** The name of the case. */
  readonly name: string;
  readonly file: string;
  readonly svg: string;
}

/** The cases with a chart, and the names of the files. */
const CHARTS: readonly { readonly name: string; readonly file: string }[] = [
  { name: 'burst', file: 'burst' },
  { name: '16 in flight', file: '16-in-flight' },
  { name: 'one at a time', file: 'latency' },
  { name: 'map, tiny items', file: 'map' },
  { name: 'map, items of 60 µs', file: 'map-60us' },
  { name: '8 × 300 ms, 2 workers', file: 'scaling' },
  { name: 'first result', file: 'cold-start' },
  { name: 'memory of a worker', file: 'memory' },
  { name: 'pool whole again', file: 'stuck' },
];

/** The charts of all cases that were measured. */
export function chartsOf(result: SuiteResult, runName: string): readonly ChartFile[] {
  return CHARTS.flatMap(({ name, file }) => {
    const found = result.cases.find((one) => one.name === name);
    return found ? [{ name, file: `${runName}-${file}.svg`, svg: draw(found, result) }] : [];
  });
}

function draw({ name, metrics, rows }: CaseResult, { machine, condition }: SuiteResult): string {
  const [metric] = metrics;
  if (!metric) {
    return '';
  }
  const direction = metric.better === 'higher' ? 'more is better' : 'less is better';
  return barChart({
    title: `${name}: ${metric.title}, ${direction}`,
    subtitle: `Node ${machine.node}, ${condition === 'pinned' ? 'one core' : `${machine.cores} cores`}, median; the line is min to max`,
    bars: rows.flatMap(({ contestant, figures }) => {
      const figure = figures[metric.key];
      return figure
        ? [
            {
              label: contestant,
              text: formatFigure(figure.median, metric),
              value: figure.median,
              low: figure.min,
              high: figure.max,
              emphasised: contestant.startsWith('nestjs-asyncermp'),
            },
          ]
        : [];
    }),
  });
}
