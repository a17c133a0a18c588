import type { EventEmitterLike } from '../engine/task-publisher.js';

/** The application's emitter, if it has one, with a listener to everything that is always there. */
export class TappedEmitter implements EventEmitterLike {
  /** So that `listenersAny()` is asked. */
  readonly wildcard = true;
  readonly #own: () => EventEmitterLike | undefined;
  readonly #record: { add(name: string, payload: unknown): void };

  constructor(
    own: () => EventEmitterLike | undefined,
    record: { add(name: string, payload: unknown): void },
  ) {
    this.#own = own;
    this.#record = record;
  }

  /** Listeners read it of their own emitter. */
  set event(name: string) {
    Reflect.set(this.#own() ?? {}, 'event', name);
  }

  hasListeners(): boolean {
    return true;
  }

  listeners(name: string): ReturnType<EventEmitterLike['listeners']> {
    return this.#bound((own) => own.listeners(name));
  }

  listenersAny(): ReturnType<EventEmitterLike['listenersAny']> {
    const record = (name: unknown, payload: unknown) => this.#record.add(String(name), payload);
    return [record, ...this.#bound((own) => own.listenersAny())];
  }

  #bound(
    listenersOf: (own: EventEmitterLike) => ReturnType<EventEmitterLike['listeners']>,
  ): ReturnType<EventEmitterLike['listeners']> {
    const own = this.#own();
    return own ? listenersOf(own).map((listener) => listener.bind(own)) : [];
  }
}
