/**
 * The last items that were put in, oldest first: at most so many, of at most so many bytes together.
 * Every operation is O(1), amortised where one large item takes the place of many small ones.
 */
export class RecentItems<T> {
  readonly #items: (T | undefined)[] = [];
  readonly #bytes: number[] = [];
  #head = 0;
  #size = 0;
  #heldBytes = 0;
  readonly #maxBytes: number;

  /** @param onDropped - Told of each item that is not kept, or has made room. */
  constructor(
    readonly capacity: number,
    maxMegabytes: number,
    private readonly onDropped: (item: T) => void,
  ) {
    this.#maxBytes = maxMegabytes * 2 ** 20;
  }

  get size(): number {
    return this.#size;
  }

  put(item: T, bytes: number): void {
    if (this.capacity === 0 || bytes > this.#maxBytes) {
      this.onDropped(item);
      return;
    }
    while (this.#size === this.capacity || this.#heldBytes + bytes > this.#maxBytes) {
      const oldest = this.take();
      if (oldest === undefined) {
        break;
      }
      this.onDropped(oldest);
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
