import type { TaskInterceptor } from '../contract/interceptor.js';
import type { RunnableHandler } from '../worker/attempt-runner.js';
import type { Attempt } from './channels/channel.js';
import { InlineChannel, type InlineGate } from './channels/inline.channel.js';
import type { Lane, LaneListener, WorkerFactory } from './lane.js';
import { WorkerLane } from './worker-lane.js';

/** Workers in the application's own thread, for unit tests. */
export class InlineWorkerFactory<A extends Attempt> implements WorkerFactory<A> {
  readonly #handlers: readonly RunnableHandler[];
  readonly #interceptors: readonly TaskInterceptor[];
  readonly #strictClasses: boolean;
  readonly #gate: InlineGate<A> | undefined;

  /**
   * @param handlers - In the order of the handlers' indices, on the application's own instances.
   * @param interceptors - The application's own.
   */
  constructor(
    handlers: readonly RunnableHandler[],
    interceptors: readonly TaskInterceptor[],
    strictClasses: boolean,
    gate?: InlineGate<A>,
  ) {
    this.#handlers = handlers;
    this.#interceptors = interceptors;
    this.#strictClasses = strictClasses;
    this.#gate = gate;
  }

  create(id: number, listener: LaneListener<A>): Lane<A> {
    return new WorkerLane(
      id,
      listener,
      (events) =>
        new InlineChannel(
          this.#handlers,
          this.#interceptors,
          this.#strictClasses,
          this.#gate,
          events,
        ),
    );
  }
}
