import type { InlineGate } from './inline.gate.js';
import { InlineLane } from './inline.lane.js';
import type { Attempt, Lane, LaneFactory, LaneListener } from './lane.js';

/** A handler as the inline pool calls it. */
export interface InlineHandler {
  readonly run: (this: unknown, ...args: unknown[]) => unknown;
  /** The application's own provider. */
  readonly instance: () => unknown;
}

/** Lanes in the application's own thread, for unit tests. */
export class InlinePool<A extends Attempt> implements LaneFactory<A> {
  constructor(
    private readonly handlers: readonly InlineHandler[],
    private readonly gate?: InlineGate<A>,
  ) {}

  create(id: number, listener: LaneListener<A>): Lane<A> {
    return new InlineLane(id, this.handlers, listener, this.gate);
  }
}
