import type { Provider } from '@nestjs/common';

const KEY = Symbol.for('nestjs-asyncermp:inert-providers:1');
const shared = globalThis as { [KEY]?: Provider[] };

/**
 * Providers of the library that a handler's class may inject and that do nothing in a worker. Whoever
 * defines one adds it here, so that a worker need not load what its handlers do not use.
 */
export function addInertProvider(provider: Provider): void {
  (shared[KEY] ??= []).push(provider);
}

export function inertProviders(): readonly Provider[] {
  return shared[KEY] ?? [];
}
