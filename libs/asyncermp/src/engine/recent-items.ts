import { setTimeout } from '../protocol/real-timers.js';
import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';

/** How many items are kept, how much memory they may take together, and how long each is kept. */
export interface KeepLimits {
  readonly count: number;
  readonly megabytes: number;
  /** In milliseconds; Infinity by default. */
  readonly ageMs?: number;
}

/**
 * The last items that were put in, oldest first, bounded by their number, by their bytes together and by their
 * age. Every operation is O(1), amortised where one large item takes the place of many small ones.
 */
export class RecentItems<T> {
  readonly capacity: number;
  readonly #onDropped: (item: T) => void;
  readonly #items: (T | undefined)[] = [];
  readonly #bytes: number[] = [];
  /** When each was put in; empty without a limit for the age. */
  readonly #times: number[] = [];
  #head = 0;
  #size = 0;
  #heldBytes = 0;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** @param onDropped - Called with each item that is not kept, is too old, or has made room. */
  constructor({ count, megabytes, ageMs = Infinity }: KeepLimits, onDropped: (item: T) => void) {
    this.capacity = count;
    this.#onDropped = onDropped;
    this.#maxBytes = megabytes * 2 ** 20;
    this.#maxAgeMs = ageMs;
  }

  get size(): number {
    return this.#size;
  }

  put(item: T, bytes: number): void {
    if (this.capacity === 0 || bytes > this.#maxBytes) {
      this.#onDropped(item);
      return;
    }
    while (this.#size === this.capacity || this.#heldBytes + bytes > this.#maxBytes) {
      const oldest = this.take();
      if (oldest === undefined) {
        break;
      }
      this.#onDropped(oldest);
    }
    const place = (this.#head + this.#size) % this.capacity;
    this.#items[place] = item;
    this.#bytes[place] = bytes;
    this.#heldBytes += bytes;
    this.#size++;
    if (this.#maxAgeMs !== Infinity) {
      this.#times[place] = monotonicMs();
      if (this.#timer === undefined) {
        this.#timer = this.#wakeIn(this.#maxAgeMs);
      }
    }
  }

  /** Takes the oldest out; undefined if there is none. */
  take(): T | undefined {
    if (this.#size === 0) {
      return undefined;
    }
    const item = this.#items[this.#head];
    this.#heldBytes -= this.#bytes[this.#head] ?? 0;
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.capacity;
    this.#size--;
    return item;
  }

  /** One timer for all, which waits for the oldest one. It does not keep the process alive. */
  #wakeIn(ms: number): NodeJS.Timeout {
    return setTimeout(this.#dropOld, Math.min(Math.ceil(ms), LONGEST_TIMER_MS)).unref();
  }

  readonly #dropOld = (): void => {
    this.#timer = undefined;
    const now = monotonicMs();
    while (this.#size > 0) {
      const leftMs = (this.#times[this.#head] ?? 0) + this.#maxAgeMs - now;
      if (leftMs > 0) {
        this.#timer = this.#wakeIn(leftMs);
        return;
      }
      const oldest = this.take();
      if (oldest !== undefined) {
        this.#onDropped(oldest);
      }
    }
  };
}
