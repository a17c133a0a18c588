import { setImmediate } from 'node:timers';

/**
 * Does the same for many things, in the order they came: for so many at once, and for the others in the next
 * turns of the event loop, so many in each.
 */
export class Portions<T> {
  #waiting: T[] = [];
  /** The first of them that is still to be done. */
  #next = 0;
  #doneInTurn = 0;
  #isDue = false;
  #whenDone: (() => void)[] = [];

  /**
   * @param most - How many there are in a portion.
   * @param work - What is done for each. Must not throw.
   */
  constructor(
    private readonly most: number,
    private readonly work: (item: T) => void,
  ) {}

  add(item: T): void {
    if (this.#doneInTurn < this.most) {
      this.#doneInTurn++;
      this.work(item);
    } else {
      this.#waiting.push(item);
    }
    this.#comeBack();
  }

  /** Settles when nothing waits any more. */
  done(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) {
        resolve();
      } else {
        this.#whenDone.push(resolve);
      }
    });
  }

  #comeBack(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(this.#turn);
    }
  }

  readonly #turn = (): void => {
    this.#isDue = false;
    const portion = this.#waiting.slice(this.#next, this.#next + this.most);
    this.#next += portion.length;
    this.#doneInTurn = portion.length;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    for (const item of portion) {
      this.work(item);
    }
    if (portion.length > 0) {
      this.#comeBack();
    }
    if (this.#waiting.length === 0) {
      for (const resolve of this.#whenDone.splice(0)) {
        resolve();
      }
    }
  };
}
