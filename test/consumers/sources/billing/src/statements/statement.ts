import type { Presence } from '../presence.js';

/** The event of each statement that was drawn. */
export const STATEMENT_DRAWN = 'statement.drawn';

/** What a customer owes. */
export interface Statement {
  readonly text: string;
  readonly lines: readonly string[];
  readonly rate: number;
  readonly tenant: string;
  readonly signature: string;
  readonly issuer: string;
  /** About the thread that it was drawn in. */
  readonly drawnBy: Presence;
}
