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
    const cancellation = new Cancellation(reasonOf(signal));
    // forEach, since V8 would compile a long `for` loop while it runs, which on Node 24 doubles its time.
    items?.forEach((item) => this.#cancel(item, cancellation));
  };

  /** @param cancel - Called for each item whose signal is aborted. */
  constructor(cancel: (item: T, why: Cancellation) => void) {
    this.#cancel = cancel;
  }

  /**
   * A signal may have an `addEventListener` of the user, which may do anything: what holds the item must look
   * at its state again.
   *
   * @throws what `addEventListener` throws; none of the item's signals counts then
   */
  add(item: T): void {
    const { signals } = item;
    try {
      for (const signal of signals) {
        if (!this.#items.has(signal)) {
          signal.addEventListener('abort', this.#onAbort, { once: true });
        }
        // It may be there by now.
        const items = this.#items.get(signal) ?? new Set();
        this.#items.set(signal, items.add(item));
      }
    } catch (error) {
      this.#forget(item, signals);
      throw error;
    }
    if (item.signals !== signals) {
      this.#forget(item, signals);
    }
  }

  remove(item: T): void {
    if (item.signals.length === 0) {
      return;
    }
    this.#forget(item, item.signals);
    item.dropSignals();
  }

  #forget(item: T, signals: readonly AbortSignal[]): void {
    for (const signal of signals) {
      const items = this.#items.get(signal);
      items?.delete(item);
      if (items?.size === 0) {
        this.#items.delete(signal);
        this.#unlisten(signal);
      }
    }
  }

  #unlisten(signal: AbortSignal): void {
    try {
      signal.removeEventListener('abort', this.#onAbort);
    } catch {
      // Code of the user, while a task is settled. The listener finds no items any more.
    }
  }
}

function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason;
  } catch (thrown) {
    // A getter of the user: the signal is aborted all the same.
    return thrown;
  }
}
