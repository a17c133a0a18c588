import type { InlineGate, InlineHandler } from './inline.gate.js';
import { InlineLane } from './inline.lane.js';
import type { Attempt } from './channels/channel.js';
import type { Lane, WorkerFactory, LaneListener } from './lane.js';

/** Lanes in the application's own thread, for unit tests. */
export class InlineWorkerFactory<A extends Attempt> implements WorkerFactory<A> {
  constructor(
    private readonly handlers: readonly InlineHandler[],
    private readonly gate?: InlineGate<A>,
  ) {}

  create(id: number, listener: LaneListener<A>): Lane<A> {
    return new InlineLane(id, this.handlers, listener, this.gate);
  }
}
