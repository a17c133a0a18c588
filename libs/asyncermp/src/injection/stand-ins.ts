import type { Provider } from '@nestjs/common';
import { threadState } from '../protocol/thread-state.js';

const registered = threadState('stand-ins:1', (): Provider[] => []);

/**
 * Registers a stand-in: the provider that takes the place of one of this library's providers in a worker,
 * where it does nothing. The file that defines the original registers it, so a worker loads only the
 * stand-ins that its handlers can inject.
 */
export function addStandIn(provider: Provider): void {
  registered.push(provider);
}

/** The stand-ins registered so far in this thread. */
export function standIns(): readonly Provider[] {
  return registered;
}
