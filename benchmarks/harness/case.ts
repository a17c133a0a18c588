import type { Figures } from '../measurements/figures.js';
import type { Spread } from './summary.js';

/** A figure that a case is about. */
export interface Metric {
  /** Its name among the {@link Figures}. */
  readonly key: string;
  readonly title: string;
  readonly unit: 'tasks/s' | 'µs' | 'ms' | 'MB' | 'bytes';
  readonly better: 'higher' | 'lower';
}

/** Somebody that is measured: a peer in a process, used in one way. */
export interface Contestant {
  readonly name: string;
  readonly measure: () => Promise<Figures>;
}

/** Contestants that do the same thing, in turn. */
export interface Case {
  /** For people, `--json` and the targets: unique among all cases. */
  readonly name: string;
  /** The first one is what contestants are compared by. */
  readonly metrics: readonly Metric[];
  readonly contestants: readonly Contestant[];
  /** The contestants that all are compared with. */
  readonly against: readonly string[];
  readonly rounds: number;
  readonly warmUps: number;
}

/** The figures of one contestant. */
export interface Row {
  readonly contestant: string;
  /** By the key of the metric. */
  readonly figures: Readonly<Record<string, Spread>>;
  /**
   * How many times better than another contestant in the same round, by that one's name. Of the first
   * metric, which the case is about. Above 1 is better.
   */
  readonly ratios: Readonly<Record<string, Spread>>;
  /** Why it has no figures. */
  readonly failure?: string;
}

/** A case that was measured. */
export interface CaseResult {
  readonly name: string;
  readonly scenario: string;
  readonly rounds: number;
  readonly metrics: readonly Metric[];
  readonly against: readonly string[];
  readonly rows: readonly Row[];
}
