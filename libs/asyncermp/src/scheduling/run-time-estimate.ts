/** Before this many runs nothing is said: the first ones also pay for compilation and caches. */
const FEWEST_SAMPLES = 4;
const RISING_WEIGHT = 0.5;
const FALLING_WEIGHT = 0.1;
const TYPICAL_WEIGHT = 0.1;
/** By this at least a longer run is believed: one of no time at all could never become longer. */
const LEAST_RISE_MS = 0.001;

/**
 * How long a handler's runs take: an exponentially weighted mean that believes a longer run at once,
 * and shorter ones only after some of them.
 *
 * Lopsided, because the two errors do not cost the same. Who takes a long handler for a short one
 * sends tasks ahead to a worker that is busy for long, while others idle; the opposite error costs a
 * round trip.
 */
export class RunTimeEstimate {
  #meanMs = 0;
  #typicalMs = 0;
  #samples = 0;

  /** How many runs were recorded. */
  get samples(): number {
    return this.#samples;
  }

  /** The mean in milliseconds; Infinity while too few runs are known to call the handler a short one. */
  get meanMs(): number {
    return this.#samples < FEWEST_SAMPLES ? Number.POSITIVE_INFINITY : this.#meanMs;
  }

  /**
   * What most runs take, in milliseconds: one in which the thread had to wait, or collected garbage, hardly
   * counts. Infinity while too few runs are known.
   */
  get typicalMs(): number {
    return this.#samples < FEWEST_SAMPLES ? Number.POSITIVE_INFINITY : this.#typicalMs;
  }

  /** Takes in the duration of one run, in milliseconds. */
  record(ms: number): void {
    this.#samples += 1;
    if (this.#samples === 1) {
      this.#meanMs = ms;
      this.#typicalMs = ms;
      return;
    }
    const believed = Math.min(ms, 2 * this.#typicalMs + LEAST_RISE_MS);
    this.#typicalMs += (believed - this.#typicalMs) * TYPICAL_WEIGHT;
    const difference = ms - this.#meanMs;
    this.#meanMs += difference * (difference > 0 ? RISING_WEIGHT : FALLING_WEIGHT);
  }
}
