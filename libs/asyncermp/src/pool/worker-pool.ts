import { ConfigurationError } from '../contract/errors.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { clearTimeout } from '../protocol/real-timers.js';
import type { Attempt } from './channels/channel.js';
import type { Lane, LaneEnd, LaneListener, WorkerFactory } from './lane.js';
import type { PoolLog } from './pool-log.js';
import { PoolSize, type PoolSizeOptions } from './pool-size.js';
import { WorkerStartup, WorkerTermination } from './worker-lifecycle.js';
import { IdleWorkers, WorkerSet, type PooledWorker } from './worker-set.js';

/** How many workers there are, and how long they live. Times in milliseconds. */
export interface WorkerPoolOptions extends PoolSizeOptions {
  readonly startTimeout: number;
  readonly idleTimeout: number;
  readonly maxTasksPerWorker: number;
  readonly maxWorkerAge: number;
  /** Whether {@link WorkerPool.warmUp} starts a worker to see that it can, if none is kept warm. */
  readonly verify: boolean;
}

/** Workers keep failing to start, and none is there: what waits cannot run. */
export interface StartFailure {
  readonly error: unknown;
}

/**
 * Keeps the right number of workers: starts them on demand, keeps `minProcesses` warm, ends those that were
 * idle too long, recycles those that reached a limit, and backs off when they fail to start. It knows how
 * many attempts a lane holds, and nothing else of them.
 */
export class WorkerPool<A extends Attempt> {
  readonly #options: WorkerPoolOptions;
  readonly #log: PoolLog;
  readonly #workers = new WorkerSet<A>();
  readonly #idle: IdleWorkers<A>;
  readonly #startup: WorkerStartup<A>;
  readonly #termination: WorkerTermination<A>;
  readonly #size: PoolSize<A>;
  readonly #recycler: Recycler<A>;
  /** Callers of {@link warmUp} and {@link close}. */
  readonly #awaiting: ((startError?: unknown) => void)[] = [];
  #isShort = false;
  #isClosed = false;

  /**
   * @param lanes - Hears what the workers' lanes report; passes on what concerns the pool.
   * @param onMayStart - Called when workers may be started again.
   */
  constructor(
    factory: WorkerFactory<A>,
    options: WorkerPoolOptions,
    lanes: LaneListener<A>,
    log: PoolLog,
    onMayStart: () => void,
  ) {
    this.#options = options;
    this.#log = log;
    this.#idle = new IdleWorkers(options.idleTimeout, (worker) => this.#expire(worker));
    this.#size = new PoolSize(this.#workers, this.#idle, options);
    const mayStart = () => {
      this.#keepMinimum();
      onMayStart();
    };
    this.#termination = new WorkerTermination(this.#idle, this.#workers, log, mayStart);
    this.#startup = new WorkerStartup(
      factory,
      lanes,
      this.#workers,
      this.#termination,
      () => this.#size.mostEnding,
      options.startTimeout,
      mayStart,
    );
    this.#recycler = new Recycler(
      this.#workers,
      this.#size,
      this.#startup,
      this.#termination,
      options,
    );
  }

  /**
   * Starts the workers that are kept warm, or one to see that it can if none is; settles when they are ready,
   * or one failed to start.
   * @throws ConfigurationError of a worker: it would keep the later ones from starting, too
   */
  warmUp(): Promise<void> {
    const isCheck = this.#options.verify && !this.#size.keepsAny;
    if (this.#size.isWarm && !(isCheck && this.#workers.count('ready') === 0)) {
      return Promise.resolve();
    }
    this.#keepMinimum();
    if (this.#workers.size === 0 && this.#startup.mayStart) {
      this.#startup.start();
    }
    return new Promise((resolve, reject) => {
      this.#awaiting.push((startError) =>
        startError instanceof ConfigurationError ? reject(startError) : resolve(),
      );
    });
  }

  workerOf(lane: Lane<A>): PooledWorker<A> | undefined {
    return this.#workers.get(lane);
  }

  get workers(): Iterable<PooledWorker<A>> {
    return this.#workers;
  }

  /** Whether there are as many workers as there may be. */
  get isFull(): boolean {
    return this.#size.room <= 0;
  }

  /** A ready worker that has nothing to do, if there is one. It stays idle until {@link markBusy}. */
  get idle(): PooledWorker<A> | undefined {
    return this.#idle.latest;
  }

  count(): { starting: number; idle: number; busy: number; ending: number } {
    const idle = this.#idle.size;
    const busy = this.#workers.count('ready') - idle + this.#workers.count('retiring');
    const { ending } = this.#termination;
    return { starting: this.#workers.count('starting'), idle, busy, ending };
  }

  /**
   * Whether a worker that is kept has ended, or a spare one was taken. To start another one holds the thread
   * for a millisecond or two: that waits for {@link grow}, when what can be sent has been sent.
   */
  get isShort(): boolean {
    return this.#isShort;
  }

  /**
   * Starts workers, as far as the bound and recent failures allow.
   * @param demand - How many attempts wait for a worker.
   */
  grow(demand: number): void {
    this.#isShort = false;
    while (
      this.#size.room > 0 &&
      this.#workers.count('starting') < demand &&
      this.#startup.mayStart
    ) {
      this.#startup.start();
    }
    this.#keepMinimum();
  }

  /** The worker was given its first attempt. */
  markBusy(worker: PooledWorker<A>): void {
    this.#idle.remove(worker);
    this.#isShort ||= this.#options.spareProcesses > 0;
  }

  /** The worker's last attempt is over. */
  markIdle(worker: PooledWorker<A>): void {
    if (worker.state === 'retiring' || (worker.state === 'ready' && this.#size.surplus > 0)) {
      this.#termination.release(worker);
    } else if (worker.state === 'ready') {
      this.#idle.add(worker);
    }
  }

  /** An attempt is over; the worker may have reached a limit. */
  noteFinished(worker: PooledWorker<A>): void {
    worker.finished++;
    this.#startup.noteSuccess(worker);
    this.#recycler.noteFinished(worker);
  }

  /** Replaces the worker by one that is warm before this one goes. */
  recycle(worker: PooledWorker<A>): void {
    this.#recycler.start(worker);
  }

  onReady(lane: Lane<A>): void {
    const worker = this.#workers.get(lane);
    if (worker?.state === 'ending') {
      this.#termination.noteReady(worker);
    }
    if (worker?.state !== 'starting') {
      return;
    }
    worker.state = 'ready';
    clearTimeout(worker.killTimer);
    this.markIdle(worker);
    this.#recycler.complete();
    if (this.#size.isWarm) {
      this.#wakeAwaiting();
    }
  }

  /** A worker has ended. Returns the error if workers persistently fail to start and none is left. */
  onEnded(lane: Lane<A>, end: LaneEnd<A>): StartFailure | undefined {
    const { crash, running, startError } = end;
    const worker = this.#workers.get(lane);
    if (!worker) {
      return undefined;
    }
    this.#termination.ended(worker, end);
    this.#workers.remove(worker);
    this.#idle.remove(worker);
    if (this.#isClosed) {
      if (this.#workers.size === 0) {
        this.#wakeAwaiting();
      }
      return undefined;
    }
    this.#isShort = true;
    if (startError !== undefined) {
      return this.#startFailed(worker, startError);
    }
    if (crash && !running && worker.finished === 0) {
      // It died by itself and has done nothing: as good as not started, or workers would die in circles.
      return this.#startFailed(worker, crash.cause ?? crash.reason);
    }
    if (crash && !running) {
      this.#log.workerDied(lane.id, crash);
    }
    return undefined;
  }

  /** A worker's attempt waits for the application: another worker may run in its place. False if too many wait. */
  tryLend(): boolean {
    return this.#size.tryLend();
  }

  /** A worker's attempt that had waited goes on. */
  takeBack(): void {
    this.#size.takeBack();
  }

  /** Changes how many workers there may be. Those above it end when their attempts are over. */
  resize(max: number): void {
    this.#size.resize(max);
    while (this.#size.surplus > 0 && this.#idle.oldest) {
      this.#termination.release(this.#idle.oldest);
    }
    const starting = [...this.#workers].filter(({ state }) => state === 'starting');
    const surplus = starting.slice(0, Math.max(0, this.#size.surplus));
    for (const worker of surplus) {
      this.#termination.release(worker);
    }
    if (surplus.length > 0) {
      // A replacement may be among them: the worker that it was to replace counts again.
      this.#recycler.callOff();
    }
    this.#keepMinimum();
  }

  /** The worker takes nothing any more. */
  markEnding(worker: PooledWorker<A>): void {
    this.#termination.mark(worker);
  }

  /** Ends a worker at once. */
  kill(worker: PooledWorker<A>): void {
    this.#termination.kill(worker);
  }

  /**
   * Lets every worker close its providers and end; one that still has an attempt has `graceMs` for it.
   * Settles when all are gone, or in six seconds: what does not end by then is left behind.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#idle.close();
    this.#startup.close();
    this.#wakeAwaiting();
    const ended = this.#allEnded();
    this.#termination.limit();
    for (const worker of this.#workers) {
      if (worker.lane.load === 0) {
        this.#termination.release(worker);
      } else if (worker.state !== 'ending') {
        this.#termination.retire(worker, graceMs);
      }
    }
    await this.#termination.close(ended);
  }

  #allEnded(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#workers.size === 0) {
        resolve();
      } else {
        this.#awaiting.push(() => resolve());
      }
    });
  }

  #keepMinimum(): void {
    while (this.#size.missing > 0 && this.#startup.mayStart) {
      this.#startup.start();
    }
  }

  #startFailed(worker: PooledWorker<A>, error: unknown): StartFailure | undefined {
    // It may have been a replacement.
    this.#recycler.callOff();
    const { pauseMs, unlogged } = this.#startup.noteFailure(error);
    if (unlogged > 0) {
      this.#log.workerStartFailed(worker.lane.id, error, pauseMs, unlogged);
    }
    this.#wakeAwaiting(error);
    const isNoneLeft = this.#workers.count('ready') + this.#workers.count('starting') === 0;
    return this.#startup.failPersistently && isNoneLeft ? { error } : undefined;
  }

  /** Returns whether the worker went. */
  #expire(worker: PooledWorker<A>): boolean {
    const mayGo = this.#size.missing < 0;
    if (mayGo) {
      this.#termination.release(worker);
      this.#size.noteExpired();
    }
    return mayGo;
  }

  #wakeAwaiting(startError?: unknown): void {
    for (const settle of this.#awaiting.splice(0)) {
      settle(startError);
    }
  }
}

/** Recycles workers that reached a limit: each goes when another one is warm. */
class Recycler<A extends Attempt> {
  readonly #workers: WorkerSet<A>;
  readonly #size: PoolSize<A>;
  readonly #startup: WorkerStartup<A>;
  readonly #termination: WorkerTermination<A>;
  readonly #limits: Pick<WorkerPoolOptions, 'maxTasksPerWorker' | 'maxWorkerAge'>;

  constructor(
    workers: WorkerSet<A>,
    size: PoolSize<A>,
    startup: WorkerStartup<A>,
    termination: WorkerTermination<A>,
    limits: Pick<WorkerPoolOptions, 'maxTasksPerWorker' | 'maxWorkerAge'>,
  ) {
    this.#workers = workers;
    this.#size = size;
    this.#startup = startup;
    this.#termination = termination;
    this.#limits = limits;
  }

  /** An attempt is over; the worker may have reached a limit. */
  noteFinished(worker: PooledWorker<A>): void {
    const { maxTasksPerWorker, maxWorkerAge } = this.#limits;
    if (
      worker.finished >= maxTasksPerWorker ||
      (maxWorkerAge !== Infinity && monotonicMs() - worker.bornAt >= maxWorkerAge)
    ) {
      this.start(worker);
    }
  }

  /** Starts a replacement for the worker. */
  start(worker: PooledWorker<A>): void {
    // After a resize, a surplus worker goes anyway and needs no replacement.
    const isNeeded = this.#size.surplus <= 0;
    if (isNeeded && worker.state === 'ready' && !worker.dueForRecycle && this.#startup.mayStart) {
      worker.dueForRecycle = true;
      this.#startup.start();
    }
  }

  /** A worker is ready: one that is due can go. */
  complete(): void {
    const worker = this.#workers.nextToRecycle;
    if (worker) {
      worker.state = 'retiring';
      if (worker.lane.load === 0) {
        this.#termination.release(worker);
      }
    }
  }

  /** A replacement does not come: the workers that are due go on. */
  callOff(): void {
    this.#workers.keepAll();
  }
}
