/** How many times it may have been in vain, after it has paid for long. */
const MOST_CREDIT = 8;
/** Where it did not pay, every so many-th time is a try. */
const TRY_EVERY = 32;

/**
 * Whether it pays to spin, that is, to look for something in a loop, before one sleeps until it comes: going
 * by how often it came in time of late. As mutexes do it that are called adaptive.
 */
export class AdaptiveSpin {
  #credit = 1;

  /** @param spin - Looks for a short time. Returns whether it came. */
  constructor(private readonly spin: () => boolean) {}

  /** Spins, if that is likely to pay. Returns whether it came. */
  run(): boolean {
    if (this.#credit < 1) {
      this.#credit += 1 / TRY_EVERY;
      return false;
    }
    const came = this.spin();
    this.#credit = came ? Math.min(this.#credit + 1, MOST_CREDIT) : this.#credit - 1;
    return came;
  }
}
