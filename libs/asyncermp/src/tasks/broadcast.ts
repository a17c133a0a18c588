type Listener = (this: unknown, ...values: unknown[]) => unknown;

/** What is used of `EventEmitter2`, so that `@nestjs/event-emitter` stays optional. */
export interface EventEmitterLike {
  /** With wildcards its names are a tree, and `hasListeners` does not count those of `onAny()`. */
  readonly wildcard?: boolean;
  hasListeners(name: string): boolean;
  listeners(name: string): Listener[];
  listenersAny(): Listener[];
}

/** Whether an event of that name would be heard. */
export function isHeard(emitter: EventEmitterLike, name: string): boolean {
  return (
    emitter.hasListeners(name) || (emitter.wildcard === true && emitter.listenersAny().length > 0)
  );
}

/**
 * Does what `emitter.emit(name, payload)` does, except that a listener that throws, or whose promise
 * rejects, keeps no other one from being called, and harms nobody: `emit` ends at the first that throws,
 * and lets a rejection end the process.
 */
export function broadcast(
  emitter: EventEmitterLike,
  name: string,
  payload: unknown,
  onError: (error: unknown) => void,
): void {
  // As emit() does, for listeners that read `this.event`.
  Reflect.set(emitter, 'event', name);
  for (const listener of emitter.listenersAny().slice()) {
    tell(() => listener.call(emitter, name, payload), onError);
  }
  for (const listener of emitter.listeners(name).slice()) {
    tell(() => listener.call(emitter, payload), onError);
  }
}

function tell(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    const returned = call();
    if (returned instanceof Promise) {
      returned.catch(onError);
    }
  } catch (error) {
    onError(error);
  }
}
