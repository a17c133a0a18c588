type Answer<T> = { readonly item: T } | { readonly end: true } | { readonly error: unknown };

/** An asynchronous source of `map()` that waits for the test to say what comes next. */
export class LiveSource<T> {
  /** Whether its generator has ended. */
  isClosed = false;
  readonly #answers: Answer<T>[] = [];
  #wake: () => void = () => {};
  #onAsked: () => void = () => {};
  #waits = false;

  constructor(...items: readonly T[]) {
    this.give(...items);
  }

  give(...items: readonly T[]): void {
    this.#answer(...items.map((item) => ({ item })));
  }

  fail(error: unknown): void {
    this.#answer({ error });
  }

  end(): void {
    this.#answer({ end: true });
  }

  /** Resolves when it was asked for an item that it has not got. */
  asked(): Promise<void> {
    return this.#waits
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#onAsked = resolve;
        });
  }

  /** A generator, and so its `return()` is answered only after its `next()`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const answer = this.#answers.shift();
        if (!answer) {
          await this.#more();
        } else if ('item' in answer) {
          yield answer.item;
        } else if ('error' in answer) {
          throw answer.error;
        } else {
          return;
        }
      }
    } finally {
      this.isClosed = true;
    }
  }

  #more(): Promise<void> {
    this.#waits = true;
    this.#onAsked();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #answer(...answers: readonly Answer<T>[]): void {
    this.#answers.push(...answers);
    this.#waits = false;
    this.#wake();
  }
}
