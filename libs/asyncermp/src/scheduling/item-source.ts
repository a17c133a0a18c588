/** Items of `map()`, from any iterable: read one by one, and never before they are wanted. */
export class ItemSource<T> {
  readonly #iterator: Iterator<T> | AsyncIterator<T>;
  readonly #isAsync: boolean;
  #pending: Promise<void> | undefined = undefined;
  readonly #read: T[] = [];
  #isDone = false;
  #count = 0;

  constructor(items: Iterable<T> | AsyncIterable<T>) {
    this.#isAsync = Symbol.asyncIterator in items;
    this.#iterator =
      Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** Whether nothing more will come. */
  get isExhausted(): boolean {
    return this.#isDone && this.#read.length === 0;
  }

  /** How many items were taken. */
  get count(): number {
    return this.#count;
  }

  /**
   * Up to so many items: all of them from a synchronous source; from an asynchronous one those that
   * have come. Empty if there is none yet: wait for {@link more}.
   */
  take(most: number): T[] {
    if (!this.#isAsync) {
      this.#readNow(most);
    }
    const items = this.#read.splice(0, most);
    this.#count += items.length;
    return items;
  }

  /** Settles when an asynchronous source has given another item, or has ended; rejects if it failed. */
  more(): Promise<void> {
    return (this.#pending ??= this.#readNext());
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    if (!this.#isDone) {
      this.#isDone = true;
      await this.#iterator.return?.();
    }
  }

  #readNow(most: number): void {
    while (!this.#isDone && this.#read.length < most) {
      const { done, value } = this.#iterator.next() as IteratorResult<T, unknown>;
      if (done) {
        this.#isDone = true;
      } else {
        this.#read.push(value);
      }
    }
  }

  async #readNext(): Promise<void> {
    try {
      const { done, value } = (await this.#iterator.next()) as IteratorResult<T, unknown>;
      if (done) {
        this.#isDone = true;
      } else {
        this.#read.push(value);
      }
    } catch (error) {
      this.#isDone = true;
      throw error;
    } finally {
      this.#pending = undefined;
    }
  }
}
