import { setImmediate as nextTurn } from 'node:timers/promises';
import { LONGEST_TIMER_MS } from '../protocol/monotonic-clock.js';
import { clearTimeout, setImmediate, setTimeout } from '../protocol/real-timers.js';
import type { Attempt } from './channels/channel.js';
import type { LaneListener, WorkerFactory } from './lane.js';
import { PooledWorker, type IdleWorkers, type WorkerSet } from './worker-set.js';

/** Starts workers: not during a pause after failed starts, and with at most `startTimeout` for each. */
export class WorkerStartup<A extends Attempt> {
  readonly #factory: WorkerFactory<A>;
  readonly #lanes: LaneListener<A>;
  readonly #workers: WorkerSet<A>;
  readonly #startTimeoutMs: number;
  readonly #backoff: StartBackoff;
  #lastId = 0;
  #isClosed = false;

  /**
   * @param startTimeoutMs - How long a worker may take to be ready, in ms; Infinity for no limit.
   * @param onMayStart - Called when a pause is over.
   */
  constructor(
    factory: WorkerFactory<A>,
    lanes: LaneListener<A>,
    workers: WorkerSet<A>,
    startTimeoutMs: number,
    onMayStart: () => void,
  ) {
    this.#factory = factory;
    this.#lanes = lanes;
    this.#workers = workers;
    this.#startTimeoutMs = startTimeoutMs;
    this.#backoff = new StartBackoff(onMayStart);
  }

  get mayStart(): boolean {
    return !this.#isClosed && this.#backoff.mayStart;
  }

  /** Whether starts failed so often in a row that waiting tasks should fail. */
  get failPersistently(): boolean {
    return this.#backoff.isPersistent;
  }

  start(): void {
    const worker = new PooledWorker(this.#factory.create(++this.#lastId, this.#lanes));
    this.#workers.add(worker);
    if (this.#startTimeoutMs !== Infinity) {
      // When this thread was blocked, the worker's message that it is ready may wait behind the timer.
      const late = () => setImmediate(() => this.#giveUp(worker));
      worker.killTimer = setTimeout(late, Math.min(this.#startTimeoutMs, LONGEST_TIMER_MS));
    }
  }

  /** A worker failed to start. Returns the pause until the next try, in ms. */
  noteFailure(): number {
    return this.#backoff.failed();
  }

  /** A worker finished an attempt. */
  noteSuccess(): void {
    this.#backoff.succeeded();
  }

  close(): void {
    this.#isClosed = true;
    this.#backoff.close();
  }

  #giveUp(worker: PooledWorker<A>): void {
    if (worker.state === 'starting') {
      worker.state = 'ending';
      worker.lane.giveUp(
        new Error(
          `It was not ready within the startTimeout of ${this.#startTimeoutMs} ms. Does a lifecycle hook or ` +
            'a factory of one of its providers wait for something?',
        ),
      );
    }
  }
}

/** How long the shutdown hooks of a worker's providers may take before the worker is killed, in ms. */
const RELEASE_GRACE_MS = 5_000;
/**
 * How long a worker that is no longer needed may take to start, in ms. A thread is not ended while it loads
 * modules if that can be avoided: Node 20 then may abort the whole process (`v8::Module::IsGraphAsync must
 * be used on an instantiated module`, from a require() of an ES module that was interrupted).
 */
const START_GRACE_MS = 15_000;

/** Ends workers: lets them close their providers where there is time, and kills them where there is none. */
export class WorkerTermination<A extends Attempt> {
  readonly #idle: IdleWorkers<A>;
  /** Workers that have ended, and whose threads are not gone yet. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(idle: IdleWorkers<A>) {
    this.#idle = idle;
  }

  /** A worker has ended; its thread is gone when this settles. */
  ended(gone: Promise<void>): void {
    this.#leaving.add(gone);
    void gone.then(() => this.#leaving.delete(gone));
  }

  /** Settles when nothing is left of the workers that have ended. */
  async allGone(): Promise<void> {
    await Promise.all(this.#leaving);
    // The event loop closes their ports at the end of its turn; they are gone in the next one.
    await nextTurn();
    await nextTurn();
  }

  /** The worker takes nothing any more. */
  mark(worker: PooledWorker<A>): void {
    this.#idle.remove(worker);
    worker.state = 'ending';
  }

  /** Ends a worker at once. */
  kill(worker: PooledWorker<A>): void {
    this.mark(worker);
    worker.lane.kill();
  }

  /** Lets a worker end by itself; one that is starting, once it has started. */
  release(worker: PooledWorker<A>): void {
    if (worker.state !== 'ending') {
      const graceMs = worker.state === 'starting' ? START_GRACE_MS : RELEASE_GRACE_MS;
      this.mark(worker);
      worker.lane.release();
      this.#killIn(worker, graceMs);
    }
  }

  /** The worker ends when its attempts are over, and is killed when that takes too long. */
  retire(worker: PooledWorker<A>, graceMs: number): void {
    worker.state = 'retiring';
    this.#killIn(worker, Math.min(graceMs, RELEASE_GRACE_MS));
  }

  #killIn(worker: PooledWorker<A>, graceMs: number): void {
    clearTimeout(worker.killTimer);
    worker.killTimer = setTimeout(() => this.kill(worker), graceMs);
  }
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** From this many failures in a row on, starts fail persistently. */
const PERSISTENT = 3;

/** Pauses between tries to start a worker, each longer than the one before. */
export class StartBackoff {
  readonly #onMayStart: () => void;
  #failures = 0;
  #pauseMs = 0;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** @param onMayStart - Called when a pause is over. */
  constructor(onMayStart: () => void) {
    this.#onMayStart = onMayStart;
  }

  get mayStart(): boolean {
    return this.#timer === undefined;
  }

  get isPersistent(): boolean {
    return this.#failures >= PERSISTENT;
  }

  /**
   * A start failed. Returns the pause until the next one, in milliseconds. Starts that fail during a pause
   * were begun before it, and belong to the same try.
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
      this.#onMayStart();
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
