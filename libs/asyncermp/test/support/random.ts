/** Reproducible random numbers from 0 to 1 (mulberry32). */
export class Random {
  readonly seed: number;
  #state: number;

  /** Prints the seed. Set `SEED` to run with the same numbers again. */
  constructor(what: string) {
    this.seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    this.#state = this.seed;
    console.log(`${what}: SEED=${this.seed}`);
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}
