/**
 * Gives the items of a generator's batches one by one, as an async generator would that has a `yield*` of each
 * batch, in a fifth of its time: an item that is there is given without asking anybody.
 */
export class FlatGenerator<T> implements AsyncGenerator<T, void, undefined> {
  #batch: readonly T[] = [];
  /** The next of the batch. */
  #place = 0;
  /** Settles when all who asked before have been answered; undefined while nobody waits. */
  #others: Promise<void> | undefined = undefined;

  constructor(private readonly batches: AsyncGenerator<readonly T[], void, undefined>) {}

  next(): Promise<IteratorResult<T, void>> {
    return this.#others === undefined && this.#place < this.#batch.length
      ? Promise.resolve({ done: false, value: this.#batch[this.#place++] as T })
      : this.#afterOthers(() => this.#nextOfBatches());
  }

  return(): Promise<IteratorResult<T, void>> {
    return this.#afterOthers(async () => {
      this.#batch = [];
      await this.batches.return();
      return { done: true, value: undefined };
    });
  }

  throw(error: unknown): Promise<IteratorResult<T, void>> {
    return this.#afterOthers(async () => {
      this.#batch = [];
      await this.batches.throw(error);
      return { done: true, value: undefined };
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #nextOfBatches(): Promise<IteratorResult<T, void>> {
    while (this.#place >= this.#batch.length) {
      const { done, value } = await this.batches.next();
      if (done) {
        return { done: true, value: undefined };
      }
      this.#batch = value;
      this.#place = 0;
    }
    return { done: false, value: this.#batch[this.#place++] as T };
  }

  /** Whoever asks while others wait is answered after them, as by a generator. */
  #afterOthers<R>(answer: () => Promise<R>): Promise<R> {
    const answered = this.#others ? this.#others.then(answer) : answer();
    const over = (): void => {
      if (this.#others === others) {
        this.#others = undefined;
      }
    };
    const others = answered.then(over, over);
    this.#others = others;
    return answered;
  }
}
