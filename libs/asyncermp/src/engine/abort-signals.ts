import { Cancellation } from './task-errors.js';

/** What signals can end. */
export interface Abortable {
  readonly signals: readonly AbortSignal[];
  /** They count no longer, and are not kept. */
  dropSignals(): void;
}

/** Cancels items by their `AbortSignal`s: one listener for each signal, which any number of items may share. */
export class AbortSignals<T extends Abortable> {
  readonly #cancel: (item: T, why: Cancellation) => void;
  readonly #items = new Map<AbortSignal, Set<T>>();
  readonly #onAbort = (event: Event): void => {
    const signal = event.target as AbortSignal;
    const items = this.#items.get(signal);
    this.#items.delete(signal);
    const cancellation = new Cancellation(signal.reason);
    // forEach, since V8 would compile a long `for` loop while it runs, which on Node 24 doubles its time.
    items?.forEach((item) => this.#cancel(item, cancellation));
  };

  /** @param cancel - Called for each item whose signal is aborted. */
  constructor(cancel: (item: T, why: Cancellation) => void) {
    this.#cancel = cancel;
  }

  add(item: T): void {
    for (const signal of item.signals) {
      let items = this.#items.get(signal);
      if (!items) {
        items = new Set();
        this.#items.set(signal, items);
        signal.addEventListener('abort', this.#onAbort, { once: true });
      }
      items.add(item);
    }
  }

  remove(item: T): void {
    if (item.signals.length === 0) {
      return;
    }
    for (const signal of item.signals) {
      const items = this.#items.get(signal);
      items?.delete(item);
      if (items?.size === 0) {
        this.#items.delete(signal);
        signal.removeEventListener('abort', this.#onAbort);
      }
    }
    item.dropSignals();
  }
}
