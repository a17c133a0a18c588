import type { EventEmitterLike } from '../tasks/broadcast.js';
import type { ProviderWrapper } from './provider-wrapper.js';

/**
 * The `EventEmitter2` that the application provides under its class. It is known by what it can do: the
 * class of the package `eventemitter2` is named `EventEmitter`.
 */
export function findEventEmitter(
  providers: readonly ProviderWrapper[],
): EventEmitterLike | undefined {
  for (const { token, instance } of providers as readonly { token: unknown; instance: unknown }[]) {
    if (typeof token !== 'function' || !isEventEmitter(instance)) continue;
    if (instance instanceof token) return instance;
  }
  return undefined;
}

function isEventEmitter(value: unknown): value is EventEmitterLike {
  if (typeof value !== 'object' || value === null) return false;
  // The last one tells it from other emitters.
  return ['listeners', 'hasListeners', 'listenersAny'].every(
    (method) => typeof Reflect.get(value, method) === 'function',
  );
}
