import type { RunnableHandler } from '../worker/attempt-runner.js';
import type { Attempt } from './channels/channel.js';
import { InlineChannel, type InlineGate } from './channels/inline.channel.js';
import type { Lane, LaneListener, WorkerFactory } from './lane.js';
import { WorkerLane } from './worker-lane.js';

/** Workers in the application's own thread, for unit tests. */
export class InlineWorkerFactory<A extends Attempt> implements WorkerFactory<A> {
  readonly #handlers: readonly RunnableHandler[];
  readonly #strictClasses: boolean;
  readonly #gate: InlineGate<A> | undefined;

  /** @param handlers - In the order of the handlers' indices, on the application's own instances. */
  constructor(handlers: readonly RunnableHandler[], strictClasses: boolean, gate?: InlineGate<A>) {
    this.#handlers = handlers;
    this.#strictClasses = strictClasses;
    this.#gate = gate;
  }

  create(id: number, listener: LaneListener<A>): Lane<A> {
    return new WorkerLane(
      id,
      listener,
      (events) => new InlineChannel(this.#handlers, this.#strictClasses, this.#gate, events),
    );
  }
}
