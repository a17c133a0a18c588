import { setImmediate as nextTurn } from 'node:timers/promises';
import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import type { Attempt } from './channels/channel.js';
import type { WorkerFactory, LaneListener } from './lane.js';
import { PooledWorker, type WorkerSet, type IdleWorkers } from './worker-set.js';

/** Starts workers: not while a pause after failed starts lasts, and no longer than `startTimeout` each. */
export class WorkerStartup<A extends Attempt> {
  readonly #backoff: StartBackoff;
  #lastId = 0;
  #isClosed = false;

  /**
   * @param startTimeout - How long a worker may take, in ms; Infinity for as long as it takes.
   * @param onMayStart - Called when a pause is over.
   */
  constructor(
    private readonly factory: WorkerFactory<A>,
    private readonly listener: LaneListener<A>,
    private readonly workers: WorkerSet<A>,
    private readonly startTimeout: number,
    onMayStart: () => void,
  ) {
    this.#backoff = new StartBackoff(onMayStart);
  }

  get mayStart(): boolean {
    return !this.#isClosed && this.#backoff.mayStart;
  }

  /** Whether starts failed so often that those who wait should be told. */
  get failPersistently(): boolean {
    return this.#backoff.isPersistent;
  }

  start(): void {
    const lane = this.factory.create(++this.#lastId, this.listener);
    const worker = new PooledWorker(lane, monotonicMs());
    this.workers.add(worker);
    if (this.startTimeout !== Infinity) {
      // When this thread was blocked, the worker's word that it is ready may be waiting behind the timer.
      const late = () => setImmediate(() => this.#giveUp(worker));
      worker.killTimer = setTimeout(late, Math.min(this.startTimeout, LONGEST_TIMER_MS));
    }
  }

  /** A worker failed to start. Returns the pause until the next try, in ms. */
  noteFailure(): number {
    return this.#backoff.failed();
  }

  /** A worker did its work. */
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
          `It was not ready within the startTimeout of ${this.startTimeout} ms. Does a lifecycle hook or ` +
            'a factory of one of its providers wait for something?',
        ),
      );
    }
  }
}

/** How long the shutdown hooks of a worker's providers may take before the worker is killed, in ms. */
const RELEASE_GRACE_MS = 5_000;
/**
 * How long a worker that is not wanted any more may take to start, in ms. A thread is not ended while it
 * loads modules if that can be avoided: Node 20 then may abort the whole process (`v8::Module::IsGraphAsync
 * must be used on an instantiated module`, from a require() of an ES module that was interrupted).
 */
const START_GRACE_MS = 15_000;

/** Ends workers: by their leave where there is time, and by force where there is none. */
export class WorkerTermination<A extends Attempt> {
  /** Those that have ended, and whose threads are not gone yet. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(private readonly idle: IdleWorkers<A>) {}

  /** A worker has ended; its thread is gone when this settles. */
  ended(gone: Promise<void>): void {
    this.#leaving.add(gone);
    void gone.then(() => this.#leaving.delete(gone));
  }

  /** Settles when nothing is left of those that have ended. */
  async allGone(): Promise<void> {
    await Promise.all(this.#leaving);
    // Their ports are closed by the event loop, at the end of its turn; the next one finds them gone.
    await nextTurn();
    await nextTurn();
  }

  /** The worker takes nothing any more. */
  mark(worker: PooledWorker<A>): void {
    this.idle.remove(worker);
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
