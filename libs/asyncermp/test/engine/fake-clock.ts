import type { Schedule } from '../../src/engine/deadline-timers.js';

interface Ring {
  readonly at: number;
  readonly run: () => void;
  holds: boolean;
}

/** A clock that goes when it is told to, and rings on its way. */
export class FakeClock {
  /** How many alarms were set in all. */
  scheduled = 0;
  readonly delays: number[] = [];
  readonly #rings = new Set<Ring>();
  #now = 1_000_003.25;

  /** @param earlyMs - By how much alarms ring too early, as those of libuv do by up to 1 ms. */
  constructor(readonly earlyMs = 0) {}

  readonly now = (): number => this.#now;

  readonly schedule: Schedule = (run, delayMs) => {
    const ring: Ring = { at: this.#now + delayMs - this.earlyMs, run, holds: true };
    this.scheduled += 1;
    this.delays.push(delayMs);
    this.#rings.add(ring);
    return {
      ref: () => void (ring.holds = true),
      unref: () => void (ring.holds = false),
      cancel: () => void this.#rings.delete(ring),
    };
  };

  /** How many alarms are set. */
  get armed(): number {
    return this.#rings.size;
  }

  /** Whether one of the alarms would keep the process alive. */
  get holds(): boolean {
    return [...this.#rings].some((ring) => ring.holds);
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (let ring = this.#next(end); ring !== undefined; ring = this.#next(end)) {
      this.#rings.delete(ring);
      this.#now = Math.max(this.#now, ring.at);
      ring.run();
    }
    this.#now = end;
  }

  #next(until: number): Ring | undefined {
    const [first] = [...this.#rings].sort((a, b) => a.at - b.at);
    return first !== undefined && first.at <= until ? first : undefined;
  }
}
