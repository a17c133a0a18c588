import { ConfigurationError } from '../contract/errors.js';
import type { PoolLog } from './pool-log.js';
import { IdleWorkers, type PooledWorker, WorkerSet } from './worker-set.js';
import type { Attempt } from './channels/channel.js';
import type { Lane, LaneEnd, WorkerFactory, LaneListener } from './lane.js';
import { WorkerTermination, WorkerStartup } from './worker-lifecycle.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';

/** How many workers there are, and how long they live. Times in milliseconds. */
export interface WorkerPoolOptions {
  readonly maxProcesses: number;
  readonly minProcesses: number;
  /** Workers that are kept ready beside those that are in use or kept anyway. */
  readonly spareProcesses: number;
  readonly startTimeout: number;
  readonly idleTimeout: number;
  readonly maxTasksPerWorker: number;
  readonly maxWorkerAge: number;
}

/** What the pool asks of, and tells, whoever uses its lanes. */
export interface PoolUser<A extends Attempt> extends LaneListener<A> {
  /** How many attempts wait for a lane. */
  readonly demand: number;
  /** Workers keep failing to start, and none is there: what waits would wait for ever. */
  onNoWorkers(error: unknown): void;
  /** A pause after failed starts is over. */
  onMayStart(): void;
}

/**
 * Keeps the right number of workers: starts them when there is demand, keeps `minProcesses` warm, lets
 * go of those that were idle too long, replaces those that are due for recycling, and backs off when they fail to
 * start. Of attempts it knows only how many a lane has.
 */
export class WorkerPool<A extends Attempt> {
  readonly #workers = new WorkerSet<A>();
  readonly #idle: IdleWorkers<A>;
  readonly #startup: WorkerStartup<A>;
  readonly #termination: WorkerTermination<A>;
  readonly #size: PoolSize<A>;
  readonly #recycler: Recycler<A>;
  readonly #awaiting: ((startError?: unknown) => void)[] = [];
  #isShort = false;
  #isClosed = false;

  constructor(
    factory: WorkerFactory<A>,
    private readonly options: WorkerPoolOptions,
    private readonly user: PoolUser<A>,
    private readonly log: PoolLog,
  ) {
    this.#idle = new IdleWorkers(options.idleTimeout, (worker) => this.#expire(worker));
    this.#termination = new WorkerTermination(this.#idle);
    this.#startup = new WorkerStartup(factory, user, this.#workers, options.startTimeout, () => {
      this.#keepMinimum();
      user.onMayStart();
    });
    this.#size = new PoolSize(this.#workers, this.#idle, options, options.maxProcesses);
    this.#recycler = new Recycler(
      this.#workers,
      this.#size,
      this.#startup,
      this.#termination,
      options,
    );
  }

  /**
   * Starts the workers that are kept warm; settles when they are ready, or one failed to start.
   * @throws ConfigurationError of a worker: it would keep the later ones from starting, too
   */
  warmUp(): Promise<void> {
    if (this.#size.isWarm) {
      return Promise.resolve();
    }
    this.#keepMinimum();
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

  /** A ready lane that has nothing to do, if there is one. It stays idle until {@link markBusy}. */
  get idle(): PooledWorker<A> | undefined {
    return this.#idle.latest;
  }

  count(): { starting: number; idle: number; busy: number } {
    const idle = this.#idle.size;
    const busy = this.#workers.count('ready') - idle + this.#workers.count('retiring');
    return { starting: this.#workers.count('starting'), idle, busy };
  }

  /**
   * Whether one of those that are kept has ended, or a spare was taken. Starting another one holds the
   * thread for a millisecond or two: that waits for {@link grow}, when what can be sent has been sent.
   */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** Starts workers for those that wait, as far as the bound and the failures of late allow. */
  grow(): void {
    this.#isShort = false;
    while (
      this.#size.room > 0 &&
      this.#workers.count('starting') < this.user.demand &&
      this.#startup.mayStart
    ) {
      this.#startup.start();
    }
    this.#keepMinimum();
  }

  /** A lane was given its first attempt. */
  markBusy(worker: PooledWorker<A>): void {
    this.#idle.remove(worker);
    this.#isShort ||= this.options.spareProcesses > 0;
  }

  /** A lane's last attempt is over. */
  markIdle(worker: PooledWorker<A>): void {
    if (worker.state === 'retiring' || (worker.state === 'ready' && this.#size.room < 0)) {
      this.#termination.release(worker);
    } else if (worker.state === 'ready') {
      this.#idle.add(worker);
    }
  }

  /** An attempt is over: the worker may be due for recycling now. */
  noteFinished(worker: PooledWorker<A>): void {
    worker.finished++;
    this.#startup.noteSuccess();
    this.#recycler.noteFinished(worker);
  }

  /** Has the worker replaced: by one that is warm before this one goes. */
  recycle(worker: PooledWorker<A>): void {
    this.#recycler.start(worker);
  }

  onReady(lane: Lane<A>): void {
    const worker = this.#workers.get(lane);
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

  /** A worker has ended. */
  onEnded(lane: Lane<A>, { crash, running, startError, gone }: LaneEnd<A>): void {
    const worker = this.#workers.get(lane);
    if (!worker) {
      return;
    }
    this.#termination.ended(gone);
    this.#workers.remove(worker);
    this.#idle.remove(worker);
    clearTimeout(worker.killTimer);
    if (this.#isClosed) {
      if (this.#workers.size === 0) {
        this.#wakeAwaiting();
      }
      return;
    }
    if (startError !== undefined) {
      this.#startFailed(worker, startError);
    } else if (crash && !running && worker.finished === 0) {
      // It died by itself and had done nothing: as good as not started, or it would die in circles.
      this.#startFailed(worker, crash.cause ?? crash.reason);
    } else if (crash && !running) {
      this.log.workerDied(lane.id, crash);
    }
    this.#isShort = true;
  }

  /** Changes how many workers there may be. Those above it go when their attempts are over. */
  resize(max: number): void {
    this.#size.max = max;
    while (this.#size.room < 0 && this.#idle.oldest) {
      this.#termination.release(this.#idle.oldest);
    }
    const starting = [...this.#workers].filter(({ state }) => state === 'starting');
    const surplus = starting.slice(0, Math.max(0, -this.#size.room));
    for (const worker of surplus) {
      this.#termination.release(worker);
    }
    if (surplus.length > 0) {
      // A replacement may be among them: what it was to replace counts again.
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
   * Lets every worker close its providers and end; one that has an attempt still has `graceMs` for it.
   * Settles when all are gone.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#idle.close();
    this.#startup.close();
    this.#wakeAwaiting();
    const ended = this.#allEnded();
    for (const worker of this.#workers) {
      if (worker.lane.load === 0) {
        this.#termination.release(worker);
      } else if (worker.state !== 'ending') {
        this.#termination.retire(worker, graceMs);
      }
    }
    await ended;
    await this.#termination.allGone();
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

  #startFailed(worker: PooledWorker<A>, error: unknown): void {
    // It may have been a replacement.
    this.#recycler.callOff();
    this.log.workerStartFailed(worker.lane.id, error, this.#startup.noteFailure());
    this.#wakeAwaiting(error);
    if (
      this.#startup.failPersistently &&
      this.#workers.count('ready') + this.#workers.count('starting') === 0
    ) {
      this.user.onNoWorkers(error);
    }
  }

  #expire(worker: PooledWorker<A>): boolean {
    const mayGo = this.#size.missing < 0;
    if (mayGo) {
      this.#termination.release(worker);
    }
    return mayGo;
  }

  #wakeAwaiting(startError?: unknown): void {
    for (const settle of this.#awaiting.splice(0)) {
      settle(startError);
    }
  }
}

/** How many workers there may be, and how many there are to be. */
export class PoolSize<A extends Attempt> {
  constructor(
    private readonly workers: WorkerSet<A>,
    private readonly idle: IdleWorkers<A>,
    private readonly options: Pick<WorkerPoolOptions, 'minProcesses' | 'spareProcesses'>,
    /** Workers that may be busy at once. */
    public max: number,
  ) {}

  /** How many more workers there may be; below 0 there are too many, after a resize. */
  get room(): number {
    return this.max + this.options.spareProcesses - this.workers.alive;
  }

  /** How many more workers there are to be, also when nothing waits for one; below 0 some may go. */
  get missing(): number {
    return this.#wanted - this.workers.alive;
  }

  /** Whether all that are to be there are ready. */
  get isWarm(): boolean {
    return this.workers.count('ready') >= this.#wanted;
  }

  get #wanted(): number {
    const { minProcesses, spareProcesses } = this.options;
    const busy =
      spareProcesses === 0
        ? 0
        : this.workers.alive - this.idle.size - this.workers.count('starting');
    return Math.min(this.max, Math.max(minProcesses, busy)) + spareProcesses;
  }
}

/** Replaces workers that are due for recycling: by ones that are warm before the old ones go. */
export class Recycler<A extends Attempt> {
  constructor(
    private readonly workers: WorkerSet<A>,
    private readonly size: PoolSize<A>,
    private readonly startup: WorkerStartup<A>,
    private readonly termination: WorkerTermination<A>,
    private readonly limits: Pick<WorkerPoolOptions, 'maxTasksPerWorker' | 'maxWorkerAge'>,
  ) {}

  /** An attempt is over: the worker may be due for recycling now. */
  noteFinished(worker: PooledWorker<A>): void {
    const { maxTasksPerWorker, maxWorkerAge } = this.limits;
    if (
      worker.finished >= maxTasksPerWorker ||
      (maxWorkerAge !== Infinity && monotonicMs() - worker.bornAt >= maxWorkerAge)
    ) {
      this.start(worker);
    }
  }

  /** Has the worker replaced. */
  start(worker: PooledWorker<A>): void {
    // One of too many, after a resize, goes anyway and needs no replacement.
    const isNeeded = this.size.room >= 0;
    if (isNeeded && worker.state === 'ready' && !worker.dueForRecycle && this.startup.mayStart) {
      worker.dueForRecycle = true;
      this.startup.start();
    }
  }

  /** A worker is ready: one that is due for recycling can go. */
  complete(): void {
    const { nextToRecycle } = this.workers;
    if (nextToRecycle) {
      nextToRecycle.state = 'retiring';
      if (nextToRecycle.lane.load === 0) {
        this.termination.release(nextToRecycle);
      }
    }
  }

  /** It does not come: those that are due for recycling go on. */
  callOff(): void {
    this.workers.keepAll();
  }
}
