import { createHistogram } from 'node:perf_hooks';

/** The event loop and the process over the last interval. */
export interface LoopSample {
  /** Heartbeats of the loop so far. */
  readonly loop: number;
  /** CPU use of the process with all its threads, in percent of one core. */
  readonly loadPercent: number;
  /** The longest delay of a beat, in milliseconds. */
  readonly delayMs: number;
}

/** The delays of all beats. */
export interface LoopDelays {
  readonly p99Ms: number;
  readonly maxMs: number;
}

const BEAT_MS = 10;

/**
 * Watches the event loop with a heartbeat, which stops when the loop does.
 *
 * Not with `monitorEventLoopDelay()`: its `reset()` between two intervals forgets the time of the last
 * beat, and so the delay of a loop that was blocked.
 */
export class LoopMonitor {
  readonly #delaysUs = createHistogram();
  readonly #heart: NodeJS.Timeout;
  #beats = 0;
  #lastBeatAt = performance.now();
  #longestMs = 0;
  #sampledAt = performance.now();
  #cpu = process.cpuUsage();

  constructor() {
    this.#heart = setInterval(() => {
      this.#beats++;
      this.#noteDelay(performance.now());
    }, BEAT_MS);
  }

  /** The interval since the last sample. */
  sample(): LoopSample {
    const now = performance.now();
    // The beat is overdue: the loop was blocked until now.
    if (now - this.#lastBeatAt > 2 * BEAT_MS) {
      this.#noteDelay(now);
    }
    const { user, system } = process.cpuUsage(this.#cpu);
    const sample = {
      loop: this.#beats,
      loadPercent: (user + system) / 10 / (now - this.#sampledAt),
      delayMs: this.#longestMs,
    };
    this.#longestMs = 0;
    this.#sampledAt = now;
    this.#cpu = process.cpuUsage();
    return sample;
  }

  stop(): LoopDelays {
    clearInterval(this.#heart);
    return {
      p99Ms: this.#delaysUs.percentile(99) / 1_000,
      maxMs: this.#delaysUs.max / 1_000,
    };
  }

  #noteDelay(now: number): void {
    const delayMs = Math.max(0, now - this.#lastBeatAt - BEAT_MS);
    this.#lastBeatAt = now;
    this.#longestMs = Math.max(this.#longestMs, delayMs);
    // A histogram takes whole numbers from 1.
    this.#delaysUs.record(Math.max(1, Math.round(delayMs * 1_000)));
  }
}
