/**
 * Bounds how many attempts run at once. It keeps no line of who waits: the queue does that.
 *
 * Invariant: {@link tryAcquire} gives out no permit while `held >= limit`. A resize takes no permit away, and
 * {@link take} does not ask, so `held` may be above the limit until enough are released.
 */
export class Semaphore {
  #limit: number;
  #held = 0;

  /** @param limit - How many permits there are: a whole number from 0, or Infinity. */
  constructor(limit: number) {
    this.#limit = checked(limit);
  }

  /** How many permits there are. */
  get limit(): number {
    return this.#limit;
  }

  /** How many permits are given out. */
  get held(): number {
    return this.#held;
  }

  /** How many permits {@link tryAcquire} would give out now. */
  get available(): number {
    return Math.max(0, this.#limit - this.#held);
  }

  /** Takes a permit if there is one. Each is to be given back by one {@link release}. */
  tryAcquire(): boolean {
    if (this.#held >= this.#limit) {
      return false;
    }
    this.#held += 1;
    return true;
  }

  /** Takes a permit even if none is free, for what runs in any case. `held` may be above the limit then. */
  take(): void {
    this.#held += 1;
  }

  /** Gives a permit back. Throws if none is given out: a second release would widen the bound permanently. */
  release(): void {
    if (this.#held === 0) {
      throw new Error('A permit was released that was not held');
    }
    this.#held -= 1;
  }

  /** Changes the limit; see the invariant for one below what is held. */
  resize(limit: number): void {
    this.#limit = checked(limit);
  }
}

function checked(limit: number): number {
  if (limit === Infinity || (Number.isInteger(limit) && limit >= 0)) {
    return limit;
  }
  throw new RangeError(`A semaphore's limit is a whole number from 0 or Infinity, not ${limit}`);
}
