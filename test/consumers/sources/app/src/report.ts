import type { Answer } from 'survey-geometry';

export interface ErrorReport {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The classes of this application's thread that it is an instance of. */
  readonly is: readonly string[];
  readonly cause: unknown;
}

/** What the application prints, one JSON document per line. */
export type Line =
  | { readonly kind: 'booted' }
  | { readonly kind: 'answer'; readonly of: string; readonly answer: Answer }
  | { readonly kind: 'error'; readonly of: string; readonly error: ErrorReport }
  | { readonly kind: 'seen'; readonly seen: readonly string[] }
  | { readonly kind: 'surveyed' }
  | { readonly kind: 'closed' };

export function print(line: Line): void {
  console.log(JSON.stringify(line));
}

const CLASSES = { Error, RangeError, TypeError };

export function reportOf(error: Error): ErrorReport {
  const { name, message, stack = '', cause } = error;
  const is = Object.entries(CLASSES).flatMap(([key, type]) => (error instanceof type ? key : []));
  return { name, message, stack, is, cause: cause instanceof Error ? reportOf(cause) : cause };
}
