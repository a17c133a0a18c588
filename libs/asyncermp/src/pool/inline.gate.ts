import type { CrashDetails } from '../contract/errors.js';
import type { Attempt } from './channels/channel.js';

/** A handler as the inline pool calls it. */
export interface InlineHandler {
  readonly run: (this: unknown, ...args: unknown[]) => unknown;
  /** The application's own provider. */
  readonly instance: () => unknown;
}

/** A call of a handler that an inline lane is about to make. */
export interface InlineCall<A extends Attempt> {
  readonly attempt: A;
  /** What the handler is to be called with: of an attempt with several items, one of them. */
  readonly args: readonly unknown[];
  /** Aborted when the task is cancelled or times out. */
  readonly signal: AbortSignal;
}

/** What comes in the place of a call. */
export type InlineFault =
  /** The handler throws: of several items, this one fails. */
  | { readonly kind: 'throw'; readonly error: unknown }
  /** The attempt fails with all of its items. */
  | { readonly kind: 'fail'; readonly error: unknown }
  /** The worker dies under the attempt. */
  | { readonly kind: 'crash'; readonly crash: CrashDetails; readonly error?: never };

/** Stands before the handlers of inline lanes, for the tests of users. */
export interface InlineGate<A extends Attempt> {
  /** Resolves when the handler may be called, or with what comes in its place. Rejects as the handler would. */
  pass(call: InlineCall<A>): Promise<InlineFault | undefined>;
}
