import { setImmediate as nextTurn } from 'node:timers/promises';
import { headline } from '../contract/safe-inspect.js';
import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import { clearTimeout, setImmediate, setTimeout } from '../protocol/real-timers.js';
import type { Attempt } from './channels/channel.js';
import type { LaneEnd, LaneListener, WorkerFactory } from './lane.js';
import type { PoolLog } from './pool-log.js';
import { PooledWorker, type IdleWorkers, type WorkerSet } from './worker-set.js';

/**
 * Starts workers: not during a pause after failed starts, not while too many do not end, and with at most
 * `startTimeout` for each.
 */
export class WorkerStartup<A extends Attempt> {
  readonly #factory: WorkerFactory<A>;
  readonly #lanes: LaneListener<A>;
  readonly #workers: WorkerSet<A>;
  readonly #termination: WorkerTermination<A>;
  readonly #mostEnding: () => number;
  readonly #startTimeoutMs: number;
  readonly #backoff: StartBackoff;
  readonly #reports = new StartFailureReports();
  /** When a start failed last, in `monotonicMs`. */
  #failedAt = -Infinity;
  #lastId = 0;
  #isClosed = false;

  /**
   * @param mostEnding - How many workers may be ending when one is started.
   * @param startTimeoutMs - How long a worker may take to be ready, in ms; Infinity for no limit.
   * @param onMayStart - Called when a pause is over.
   */
  constructor(
    factory: WorkerFactory<A>,
    lanes: LaneListener<A>,
    workers: WorkerSet<A>,
    termination: WorkerTermination<A>,
    mostEnding: () => number,
    startTimeoutMs: number,
    onMayStart: () => void,
  ) {
    this.#factory = factory;
    this.#lanes = lanes;
    this.#workers = workers;
    this.#termination = termination;
    this.#mostEnding = mostEnding;
    this.#startTimeoutMs = startTimeoutMs;
    this.#backoff = new StartBackoff(onMayStart);
  }

  get mayStart(): boolean {
    return (
      !this.#isClosed && this.#backoff.mayStart && this.#termination.ending < this.#mostEnding()
    );
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

  /**
   * A worker failed to start.
   *
   * @returns the pause until the next try, in ms, and how many failures to log: none if this one is not
   */
  noteFailure(error: unknown): { readonly pauseMs: number; readonly unlogged: number } {
    this.#failedAt = monotonicMs();
    const pauseMs = this.#backoff.failed();
    return { pauseMs, unlogged: this.#reports.failed(headline(error), this.#failedAt) };
  }

  /** A worker finished an attempt. One from before a failure proves nothing: others may still fail to start. */
  noteSuccess(worker: PooledWorker<A>): void {
    if (worker.bornAt > this.#failedAt) {
      this.#backoff.succeeded();
      this.#reports.succeeded();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#backoff.close();
  }

  #giveUp(worker: PooledWorker<A>): void {
    if (worker.state === 'starting') {
      this.#termination.giveUp(
        worker,
        new Error(
          `It was not ready within the startTimeout of ${this.#startTimeoutMs} ms. Does a lifecycle hook or ` +
            'a factory of one of its providers wait for something?',
        ),
      );
    }
  }
}

/** How long a worker may take to close its providers and end, in ms; then it is killed. */
const RELEASE_GRACE_MS = 5_000;
/**
 * How long a worker that is no longer needed may take to start, in ms. A thread is not ended while it loads
 * modules if that can be avoided: Node 20 then may abort the whole process (`v8::Module::IsGraphAsync must
 * be used on an instantiated module`, from a require() of an ES module that was interrupted).
 */
const START_GRACE_MS = 15_000;
/**
 * How long a killed worker may take to end, in ms; then it is left behind. A thread ends within
 * milliseconds, except in a native call, which nothing can interrupt.
 */
const KILL_GRACE_MS = 1_000;
/** No pool waits longer for its workers when it is closed, in ms. */
const LONGEST_CLOSE_MS = RELEASE_GRACE_MS + KILL_GRACE_MS;

/**
 * Ends workers: lets them close their providers where there is time, kills them where there is none, and
 * leaves behind those that cannot be killed.
 */
export class WorkerTermination<A extends Attempt> {
  readonly #idle: IdleWorkers<A>;
  readonly #workers: WorkerSet<A>;
  readonly #log: PoolLog;
  readonly #onGone: () => void;
  /** Workers that have ended, and whose threads are not gone yet. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #leftBehind = new Set<Promise<void>>();
  /** When all workers that have started are killed, in `monotonicMs`. */
  #killAllAt = Infinity;

  /** @param onGone - Called when a worker that was left behind has ended at last. */
  constructor(idle: IdleWorkers<A>, workers: WorkerSet<A>, log: PoolLog, onGone: () => void) {
    this.#idle = idle;
    this.#workers = workers;
    this.#log = log;
    this.#onGone = onGone;
  }

  /** How many workers were released, killed or left behind, and are still there. */
  get ending(): number {
    return this.#workers.count('ending') + this.#leftBehind.size;
  }

  /** A worker has ended, or was left behind; its thread is gone when `gone` settles. */
  ended(worker: PooledWorker<A>, { isLeftBehind, gone }: LaneEnd<A>): void {
    const set = isLeftBehind ? this.#leftBehind : this.#leaving;
    set.add(gone);
    if (!isLeftBehind) {
      clearTimeout(worker.killTimer);
    }
    void gone.then(() => {
      clearTimeout(worker.killTimer);
      set.delete(gone);
      if (isLeftBehind) {
        this.#onGone();
      }
    });
  }

  /**
   * The pool is closed: settles when its workers have ended and nothing is left of them, or were left behind.
   *
   * @param allEnded - Settles when all workers have ended.
   */
  async close(allEnded: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LONGEST_CLOSE_MS);
    });
    await Promise.race([allEnded.then(() => Promise.all(this.#leaving)), limit]);
    clearTimeout(timer);
    for (const worker of this.#workers) {
      this.#leaveBehind(worker);
    }
    // The event loop closes their ports at the end of its turn; they are gone in the next one.
    await nextTurn();
    await nextTurn();
  }

  /** From now on, no worker that has started is given more time than there is until the pool has closed. */
  limit(): void {
    this.#killAllAt = monotonicMs() + RELEASE_GRACE_MS;
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
    this.#expectEnd(worker);
  }

  /** Ends a worker that was not ready in time. */
  giveUp(worker: PooledWorker<A>, error: Error): void {
    this.mark(worker);
    worker.lane.giveUp(error);
    this.#expectEnd(worker);
  }

  /** Lets a worker end by itself; one that is starting, once it has started. */
  release(worker: PooledWorker<A>): void {
    if (worker.state === 'ending') {
      return;
    }
    const isStarting = worker.state === 'starting';
    this.mark(worker);
    worker.lane.release();
    if (isStarting) {
      this.#killIn(worker, START_GRACE_MS, () => this.#log.workerKilled(worker.lane.id, true));
    } else {
      this.#expectRelease(worker);
    }
  }

  /** A worker that was released has started, and now closes its providers. */
  noteReady(worker: PooledWorker<A>): void {
    if (!worker.isKilled) {
      this.#expectRelease(worker);
    }
  }

  /** The worker ends when its attempts are over, and is killed when that takes too long. */
  retire(worker: PooledWorker<A>, graceMs: number): void {
    worker.state = 'retiring';
    this.#killIn(worker, this.#untilKillAll(graceMs));
  }

  #expectRelease(worker: PooledWorker<A>): void {
    const graceMs = this.#untilKillAll(RELEASE_GRACE_MS);
    this.#killIn(worker, graceMs, () => this.#log.workerKilled(worker.lane.id, false));
  }

  #untilKillAll(graceMs: number): number {
    return Math.max(0, Math.min(graceMs, this.#killAllAt - monotonicMs()));
  }

  #killIn(worker: PooledWorker<A>, graceMs: number, onKilled?: () => void): void {
    clearTimeout(worker.killTimer);
    worker.killTimer = setTimeout(() => {
      onKilled?.();
      this.kill(worker);
    }, graceMs);
  }

  /** The worker was killed. */
  #expectEnd(worker: PooledWorker<A>): void {
    if (worker.isKilled) {
      return;
    }
    worker.isKilled = true;
    clearTimeout(worker.killTimer);
    // When this thread was blocked, the news of its end may be waiting behind the timer.
    const late = () => setImmediate(() => this.#leaveBehind(worker));
    worker.killTimer = setTimeout(late, KILL_GRACE_MS);
  }

  #leaveBehind(worker: PooledWorker<A>): void {
    if (this.#workers.get(worker.lane)) {
      this.#log.workerLeftBehind(worker.lane.id, this.ending);
      worker.lane.leaveBehind();
    }
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

const FIRST_REPORT_PAUSE_MS = 10_000;
const LONGEST_REPORT_PAUSE_MS = 3_600_000;

/**
 * Decides which failures to start a worker are logged: the first one, one for another reason, and after
 * that one now and then, since workers that cannot start are tried again and again.
 */
export class StartFailureReports {
  #reason: string | undefined = undefined;
  #pauseMs = FIRST_REPORT_PAUSE_MS;
  #nextAt = 0;
  #unlogged = 0;

  /**
   * A start failed at that time, in `monotonicMs`. Returns how many failures were not logged until now, this
   * one included; 0 if it is not to be logged either.
   */
  failed(text: string, now: number): number {
    // Numbers vary where the reason does not: ports, times, ids.
    const reason = text.replaceAll(/\d+/g, '0');
    const isOther = reason !== this.#reason;
    this.#unlogged++;
    if (!isOther && now < this.#nextAt) {
      return 0;
    }
    this.#pauseMs = isOther
      ? FIRST_REPORT_PAUSE_MS
      : Math.min(this.#pauseMs * 2, LONGEST_REPORT_PAUSE_MS);
    this.#reason = reason;
    this.#nextAt = now + this.#pauseMs;
    const unlogged = this.#unlogged;
    this.#unlogged = 0;
    return unlogged;
  }

  /** Workers start again: the next failure is a first one. */
  succeeded(): void {
    this.#reason = undefined;
    this.#unlogged = 0;
  }
}
