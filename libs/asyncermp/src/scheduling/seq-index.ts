const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;

interface Chunk<T> {
  readonly items: (T | undefined)[];
  count: number;
}

/**
 * A map from numbers that are given out in order to what carries them, for very many that come and go:
 * an array of 1,024 for each stretch of numbers of which any is there. Every operation is O(1), at a
 * tenth of the cost of a `Map` of strings.
 */
export class SeqIndex<T> {
  readonly #chunks = new Map<number, Chunk<T>>();
  /** The chunk that was written to last, and its number: most tasks live in it all their life. */
  #latest: Chunk<T> | undefined = undefined;
  #latestNumber = -1;

  get(seq: number): T | undefined {
    return this.#chunk(Math.floor(seq / CHUNK_SIZE))?.items[seq % CHUNK_SIZE];
  }

  set(seq: number, item: T): void {
    const number = Math.floor(seq / CHUNK_SIZE);
    let chunk = this.#chunk(number);
    if (!chunk) {
      chunk = { items: [], count: 0 };
      this.#chunks.set(number, chunk);
      this.#latest = chunk;
      this.#latestNumber = number;
    }
    const index = seq % CHUNK_SIZE;
    if (chunk.items[index] === undefined) {
      chunk.count++;
    }
    // What lies between was given to tasks that are kept elsewhere.
    while (chunk.items.length < index) {
      chunk.items.push(undefined);
    }
    chunk.items[index] = item;
  }

  delete(seq: number): void {
    const number = Math.floor(seq / CHUNK_SIZE);
    const chunk = this.#chunk(number);
    const index = seq % CHUNK_SIZE;
    if (chunk?.items[index] === undefined) {
      return;
    }
    chunk.items[index] = undefined;
    if (--chunk.count === 0) {
      this.#chunks.delete(number);
      if (this.#latestNumber === number) {
        this.#latestNumber = -1;
      }
    }
  }

  *[Symbol.iterator](): Generator<T> {
    for (const { items } of this.#chunks.values()) {
      for (const item of items) {
        if (item !== undefined) {
          yield item;
        }
      }
    }
  }

  #chunk(number: number): Chunk<T> | undefined {
    return number === this.#latestNumber ? this.#latest : this.#chunks.get(number);
  }
}
