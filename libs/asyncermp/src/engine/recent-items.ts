/**
 * The last items that were put in, oldest first, bounded by their number and by their bytes together.
 * Every operation is O(1), amortised where one large item takes the place of many small ones.
 */
export class RecentItems<T> {
  readonly capacity: number;
  readonly #onDropped: (item: T) => void;
  readonly #items: (T | undefined)[] = [];
  readonly #bytes: number[] = [];
  #head = 0;
  #size = 0;
  #heldBytes = 0;
  readonly #maxBytes: number;

  /** @param onDropped - Called with each item that is not kept, or has made room. */
  constructor(capacity: number, maxMegabytes: number, onDropped: (item: T) => void) {
    this.capacity = capacity;
    this.#onDropped = onDropped;
    this.#maxBytes = maxMegabytes * 2 ** 20;
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
}

/** How deep to look: a result with its buffers in a list in a property is seen. */
const MAX_DEPTH = 3;
/** The first items of a long list stand for all of them. */
const SAMPLE = 32;
const PER_VALUE = 8;

/**
 * Estimates how many bytes a value keeps from being freed, in less than a microsecond. It distinguishes
 * results that weigh megabytes from those that do not: buffers and long strings count, wherever results
 * commonly have them.
 */
export function roughBytes(value: unknown, depth = 0): number {
  if (typeof value === 'string') {
    return value.length;
  }
  if (typeof value !== 'object' || value === null) {
    return PER_VALUE;
  }
  if (ArrayBuffer.isView(value)) {
    return value.buffer.byteLength;
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return value.byteLength;
  }
  if (depth === MAX_DEPTH) {
    return PER_VALUE;
  }
  if (Array.isArray(value)) {
    return ofMany(value, value.length, depth);
  }
  if (value instanceof Map || value instanceof Set) {
    return ofMany(value.values(), value.size, depth);
  }
  let bytes = 0;
  for (const key in value) {
    bytes += roughBytes((value as Record<string, unknown>)[key], depth + 1);
  }
  return bytes;
}

function ofMany(values: Iterable<unknown>, count: number, depth: number): number {
  let bytes = 0;
  let looked = 0;
  for (const value of values) {
    if (looked === SAMPLE) {
      return (bytes / SAMPLE) * count;
    }
    bytes += roughBytes(value, depth + 1);
    looked++;
  }
  return bytes;
}
