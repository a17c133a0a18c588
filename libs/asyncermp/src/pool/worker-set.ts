import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import { clearTimeout, setTimeout } from '../protocol/real-timers.js';
import type { Attempt } from './channels/channel.js';
import type { Lane } from './lane.js';

/**
 * `starting`: builds its providers; `ready`: takes attempts; `retiring`: finishes what it has, then closes
 * its providers; `ending`: was released or killed, and its end is awaited.
 */
type WorkerState = 'starting' | 'ready' | 'retiring' | 'ending';

/** A worker of the pool: its lane, and what is known of it. */
export class PooledWorker<A extends Attempt> {
  readonly lane: Lane<A>;
  /** In `monotonicMs`. */
  readonly bornAt: number = monotonicMs();
  state: WorkerState = 'starting';
  /** Whether it holds one of the permits that bound how many attempts run. */
  hasPermit = false;
  /** How long the attempts that it holds may run, in nanoseconds. */
  expectedNs = 0;
  /** How long they run if they take what most runs take, in nanoseconds. */
  typicalNs = 0;
  /** Whether the running attempt takes longer than expected, so that nothing is sent behind it. */
  blocked = false;
  /** How often in a row it was found to have begun none of its attempts. */
  unbegunLooks = 0;
  /** Attempts finished. */
  finished = 0;
  /** Whether it reached a limit, and a replacement is being started. */
  dueForRecycle = false;
  /** Since when it has nothing to do, in `monotonicMs`. */
  idleSince = 0;
  /** Whether it was killed, and its end is awaited. */
  isKilled = false;
  /** Ends it when it takes too long to start or to end by itself. */
  killTimer: NodeJS.Timeout | undefined = undefined;

  constructor(lane: Lane<A>) {
    this.lane = lane;
  }
}

/** The workers of a pool, and how many of them are in which state. */
export class WorkerSet<A extends Attempt> {
  readonly #workers = new Map<Lane<A>, PooledWorker<A>>();

  get size(): number {
    return this.#workers.size;
  }

  get(lane: Lane<A>): PooledWorker<A> | undefined {
    return this.#workers.get(lane);
  }

  add(worker: PooledWorker<A>): void {
    this.#workers.set(worker.lane, worker);
  }

  remove(worker: PooledWorker<A>): void {
    this.#workers.delete(worker.lane);
  }

  [Symbol.iterator](): Iterator<PooledWorker<A>> {
    return this.#workers.values();
  }

  count(wanted: WorkerState): number {
    let count = 0;
    for (const { state } of this) {
      count += state === wanted ? 1 : 0;
    }
    return count;
  }

  /** Those that are there for work: not those that go, or are being replaced. */
  get alive(): number {
    let alive = 0;
    for (const { state, dueForRecycle } of this) {
      alive += (state === 'starting' || state === 'ready') && !dueForRecycle ? 1 : 0;
    }
    return alive;
  }

  /** A worker that is being replaced and still takes attempts. */
  get nextToRecycle(): PooledWorker<A> | undefined {
    for (const worker of this) {
      if (worker.dueForRecycle && worker.state === 'ready') {
        return worker;
      }
    }
    return undefined;
  }

  /** No replacement is on its way any more. */
  keepAll(): void {
    for (const worker of this) {
      worker.dueForRecycle = false;
    }
  }
}

/**
 * The workers that have nothing to do. The one that was busy last is taken first, so that in quiet times the
 * same few stay warm and the others can go.
 */
export class IdleWorkers<A extends Attempt> {
  readonly #idleTimeoutMs: number;
  readonly #onExpired: (worker: PooledWorker<A>) => boolean;
  readonly #workers: PooledWorker<A>[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;

  /**
   * @param idleTimeoutMs - How long a worker may be idle, in milliseconds; Infinity for no limit.
   * @param onExpired - Called for a worker that was idle longer; returns whether it went.
   */
  constructor(idleTimeoutMs: number, onExpired: (worker: PooledWorker<A>) => boolean) {
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#workers.length;
  }

  /** The one to use next. */
  get latest(): PooledWorker<A> | undefined {
    return this.#workers.at(-1);
  }

  /** The one that was idle longest. */
  get oldest(): PooledWorker<A> | undefined {
    return this.#workers[0];
  }

  add(worker: PooledWorker<A>): void {
    worker.idleSince = monotonicMs();
    this.#workers.push(worker);
    this.#arm();
  }

  remove(worker: PooledWorker<A>): void {
    const index = this.#workers.lastIndexOf(worker);
    if (index >= 0) {
      this.#workers.splice(index, 1);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#timer || !this.oldest || this.#idleTimeoutMs === Infinity) {
      return;
    }
    const delayMs = this.oldest.idleSince + this.#idleTimeoutMs - monotonicMs();
    const wake = () => {
      this.#timer = undefined;
      this.#expire();
    };
    this.#timer = setTimeout(wake, Math.min(Math.max(1, delayMs), LONGEST_TIMER_MS)).unref();
  }

  #expire(): void {
    const limit = monotonicMs() - this.#idleTimeoutMs;
    while (this.oldest && this.oldest.idleSince <= limit) {
      if (!this.#onExpired(this.oldest)) {
        // It is one of those that are kept: there is nothing to wait for before the next one is added.
        return;
      }
    }
    this.#arm();
  }
}
