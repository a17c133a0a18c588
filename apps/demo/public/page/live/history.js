const KEPT_MS = 60_000;
/** The period over which throughput is counted. */
const RATE_MS = 1_000;

/** The samples of the last minute, as one list per value, which is what charts take. */
export class History {
  /** The last sample's values. */
  latest;
  #points = [];
  #receivedAt = 0;

  add({ at, loop, stats, done }) {
    const { starting, idle, busy } = stats.workers;
    const earlier = this.#points.findLast((point) => point.at <= at - RATE_MS);
    const seconds = earlier ? (at - earlier.at) / 1_000 : 1;
    const values = {
      delayMs: loop.delayMs,
      waiting: stats.waiting,
      running: stats.running,
      workers: starting + idle + busy,
      starting,
      busy,
      perSecond: earlier ? Math.round((done - earlier.done) / seconds) : 0,
    };
    // A delay is drawn as wide as it was long, from the stop of the loop to its return.
    const stoppedAt = at - loop.delayMs;
    if (loop.delayMs > 200 && stoppedAt > (this.#points.at(-1)?.at ?? 0)) {
      this.#points.push({ ...this.#points.at(-1), ...values, at: stoppedAt, done });
    }
    this.#points.push({ ...values, at, done });
    while (this.#points[0].at < at - KEPT_MS - RATE_MS) {
      this.#points.shift();
    }
    this.latest = values;
    this.#receivedAt = performance.now();
  }

  /** Changes with every sample. */
  get version() {
    return this.#receivedAt;
  }

  /** The server's time in seconds. It continues when samples stop. */
  get range() {
    const { at } = this.#points.at(-1);
    const now = at + (performance.now() - this.#receivedAt);
    return [(now - KEPT_MS) / 1_000, now / 1_000];
  }

  most(name) {
    return Math.max(...this.#points.map((point) => point[name]));
  }

  /** The times in seconds, and the values of each name. */
  columns(names) {
    const times = this.#points.map(({ at }) => at / 1_000);
    return [times, ...names.map((name) => this.#points.map((point) => point[name]))];
  }
}
