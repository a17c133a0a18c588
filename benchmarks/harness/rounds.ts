import type { Figures } from '../measurements/figures.js';
import type { Case, CaseResult, Contestant, Metric, Row } from './case.js';
import { spreadOf } from './summary.js';

/** The figures of each round, and the error that ended the rounds. */
interface Samples {
  readonly rounds: Figures[];
  failure?: string;
}

/**
 * Measures a case in rounds: A B C, A B C, and so on. Other load of the machine then affects all
 * contestants alike, and a ratio compares two figures of the same round.
 */
export async function runCase(
  scenario: string,
  { name, metrics, contestants, against, rounds, warmUps }: Case,
  onRound: (round: number, rounds: number) => void,
): Promise<CaseResult> {
  const samples = new Map<string, Samples>(contestants.map(({ name }) => [name, { rounds: [] }]));
  for (let round = -warmUps; round < rounds; round++) {
    onRound(round + warmUps, rounds + warmUps);
    for (const contestant of contestants) {
      const own = samples.get(contestant.name);
      if (own && own.failure === undefined) {
        await take(contestant, own, round >= 0);
      }
    }
  }
  const rows = contestants.map((contestant) => rowOf(contestant, samples, metrics, against));
  return { name, scenario, rounds, metrics, against, rows };
}

/** An error ends the rounds of this contestant only. The report shows it. */
async function take(contestant: Contestant, samples: Samples, counts: boolean): Promise<void> {
  try {
    const figures = await contestant.measure();
    if (counts) {
      samples.rounds.push(figures);
    }
  } catch (error) {
    samples.failure = error instanceof Error ? error.message : String(error);
  }
}

function rowOf(
  { name }: Contestant,
  samples: ReadonlyMap<string, Samples>,
  metrics: readonly Metric[],
  against: readonly string[],
): Row {
  const { rounds = [], failure } = samples.get(name) ?? {};
  if (failure !== undefined) {
    return { contestant: name, figures: {}, ratios: {}, failure };
  }
  const others = against.filter((other) => samples.get(other)?.failure === undefined);
  const [first] = metrics;
  return {
    contestant: name,
    figures: Object.fromEntries(
      metrics.map(({ key }) => [key, spreadOf(rounds.map((figures) => figures[key] ?? NaN))]),
    ),
    ratios: Object.fromEntries(
      others.flatMap((other) =>
        first ? [[other, spreadOf(ratiosOf(first, rounds, samples.get(other)?.rounds))]] : [],
      ),
    ),
  };
}

/** The ratio of each round. Above 1 is better. */
function ratiosOf(
  { key, better }: Metric,
  own: readonly Figures[],
  theirs: readonly Figures[] = [],
): number[] {
  return own.map((figures, round) => {
    const quotient = (figures[key] ?? NaN) / (theirs[round]?.[key] ?? NaN);
    return better === 'higher' ? quotient : 1 / quotient;
  });
}
