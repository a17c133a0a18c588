import type { EncodedError } from './error-codec.js';

/** How an attempt is run: its arguments as they are, or as a list of arguments, one set after another. */
export const RunMode = {
  /** One call. */
  Single: 0,
  /** A call for each item, until one throws; the result is the list of results. */
  Chunk: 1,
  /** A call for each item, whatever the others do; the result is a list of {@link ItemOutcome}. */
  SettledChunk: 2,
} as const;

/** One of the values of {@link RunMode}. */
export type RunMode = (typeof RunMode)[keyof typeof RunMode];

/** What became of one item of a settled chunk. */
export type ItemOutcome =
  readonly [ok: true, value: unknown] | readonly [ok: false, error: EncodedError];
