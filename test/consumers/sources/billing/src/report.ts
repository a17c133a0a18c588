import type { Presence } from './presence.js';
import type { Statement } from './statements/statement.js';

/** What the application prints beside its log, one JSON document per line. */
export type Line =
  | { readonly kind: 'unauthorized'; readonly status: number }
  | { readonly kind: 'first' | 'second'; readonly statement: Statement }
  | {
      readonly kind: 'application';
      readonly heard: readonly string[];
      readonly presence: Presence;
      /** How many connections to Redis there were before the first task, and after the last. */
      readonly before: number;
      readonly connections: number;
    }
  | { readonly kind: 'closed' };
