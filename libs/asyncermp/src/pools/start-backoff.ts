const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** So many failures in a row are no accident. */
const PERSISTENT = 3;

/** Lets workers that fail to start be tried again, ever more seldom. */
export class StartBackoff {
  #failures = 0;
  #pauseMs = 0;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** @param onMayStart - Called when a pause is over. */
  constructor(private readonly onMayStart: () => void) {}

  get mayStart(): boolean {
    return this.#timer === undefined;
  }

  /** Whether it failed so often that those who wait should be told. */
  get isPersistent(): boolean {
    return this.#failures >= PERSISTENT;
  }

  /**
   * A start failed. Returns the pause until the next one, in milliseconds. Those that fail during a
   * pause were begun before it: they are of the same try.
   */
  failed(): number {
    if (this.#timer) {
      return this.#pauseMs;
    }
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#pauseMs = pauseMs;
    this.#failures++;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.onMayStart();
    }, pauseMs);
    return pauseMs;
  }

  /** A worker did its work. */
  succeeded(): void {
    this.#failures = 0;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
