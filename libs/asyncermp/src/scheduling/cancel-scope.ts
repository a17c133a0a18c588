import { AsyncLocalStorage } from 'node:async_hooks';

const store = new AsyncLocalStorage<AbortSignal>();
/** Asking an empty store is cheap but not free, and most applications never open a scope. */
let isUsed = false;

/** Calls `run`: the tasks that it and what it awaits submit are cancelled when the signal is aborted. */
export function runInCancelScope<T>(signal: AbortSignal, run: () => T): T {
  isUsed = true;
  return store.run(signal, run);
}

/** The signal of the scope around the code that asks, if there is one. */
export function cancelScopeSignal(): AbortSignal | undefined {
  return isUsed ? store.getStore() : undefined;
}
