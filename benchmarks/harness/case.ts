import type { Figures } from '../measurements/figures.js';
import type { Spread } from './summary.js';

/** A figure that a case measures. */
export interface Metric {
  /** The key in {@link Figures}. */
  readonly key: string;
  readonly title: string;
  readonly unit: 'tasks/s' | 'µs' | 'ms' | 'MB' | 'bytes';
  readonly better: 'higher' | 'lower';
}

/** A peer in a process, used in one way. */
export interface Contestant {
  readonly name: string;
  readonly measure: () => Promise<Figures>;
}

/** Contestants that do the same work, in turn. */
export interface Case {
  /** The name in tables, in `--json` and for the targets. It is unique among all cases. */
  readonly name: string;
  /** Contestants are compared by the first one. */
  readonly metrics: readonly Metric[];
  readonly contestants: readonly Contestant[];
  /** The names of the contestants that all others are compared with. */
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
   * The ratio to another contestant in the same round, by its name, for the first metric. Above 1 is
   * better, whether more or less of the metric is.
   */
  readonly ratios: Readonly<Record<string, Spread>>;
  /** The error, if the contestant could not be measured. */
  readonly failure?: string;
}

/** The figures of a case. */
export interface CaseResult {
  readonly name: string;
  readonly scenario: string;
  readonly rounds: number;
  readonly metrics: readonly Metric[];
  readonly against: readonly string[];
  readonly rows: readonly Row[];
}
