import { ANSWERED_AT_ONCE, type WaitForApplication } from '../pool/channels/channel.js';
import type { Lane, LaneEnd, LaneListener, WorkerFactory } from '../pool/lane.js';
import type { PoolLog } from '../pool/pool-log.js';
import { WorkerPool, type StartFailure, type WorkerPoolOptions } from '../pool/worker-pool.js';
import type { PooledWorker } from '../pool/worker-set.js';
import { LentPermits } from './lent-permits.js';
import { Prefetch } from './prefetch.js';
import { Semaphore } from './semaphore.js';
import type { Task } from './task.js';
import { BeginWatch, GraceTimers } from './time-limits.js';

/** How workers are kept, and how long a handler may take to stop, in milliseconds. */
export interface DispatcherOptions extends WorkerPoolOptions {
  readonly cancelGrace: number;
}

/** What can make tasks move without a report of a worker. */
interface DispatcherEvents {
  /** A pause after failed starts is over: workers may be started again. */
  onMayStart(): void;
  /** These tasks should not stay with their worker, which is held up by another one. */
  onHeldUp(tasks: readonly Task[]): void;
}

/**
 * Which worker runs a task, and what each worker holds: permits (also those of handlers with a
 * `concurrency` of their own), prefetched attempts, grace periods. It
 * changes no task's state: the lifecycle asks it for a place, sends, revokes, and passes on what lanes
 * report.
 *
 * The bound: a worker has a permit for as long as it holds attempts, also while it does not let go of one
 * whose task is settled. So never more than `maxProcesses` attempts really run. Only one whose attempt waits for
 * the application may have lent it ({@link LentPermits}).
 */
export class Dispatcher {
  readonly #pool: WorkerPool<Task>;
  readonly #semaphore: Semaphore;
  readonly #prefetch: Prefetch;
  readonly #grace: GraceTimers;
  readonly #beginWatch: BeginWatch;
  readonly #lent: LentPermits;
  readonly #cancelGrace: number;
  readonly #unflushed = new Set<Lane<Task>>();

  constructor(
    factory: WorkerFactory<Task>,
    options: DispatcherOptions,
    lanes: LaneListener<Task>,
    events: DispatcherEvents,
    log: PoolLog,
  ) {
    this.#pool = new WorkerPool(factory, options, lanes, log, () => events.onMayStart());
    this.#semaphore = new Semaphore(options.maxProcesses);
    this.#lent = new LentPermits({
      tryLend: (worker) => this.#tryLend(worker, log),
      // What was sent behind such an attempt does not wait for the application with it.
      lent: (workers) =>
        events.onHeldUp(this.#prefetch.held((_task, worker) => workers.includes(worker))),
      tryTakeBack: (worker) => {
        const isFree = this.#semaphore.tryAcquire();
        if (isFree) {
          this.#tookBack(worker);
        }
        return isFree;
      },
      takeBack: (worker) => {
        this.#semaphore.take();
        this.#tookBack(worker);
      },
    });
    this.#prefetch = new Prefetch(
      () => this.#pool.workers,
      (tasks) => events.onHeldUp(tasks),
    );
    this.#cancelGrace = options.cancelGrace;
    this.#grace = new GraceTimers(options.cancelGrace, (worker) => this.#pool.kill(worker));
    this.#beginWatch = new BeginWatch(
      () => this.#pool.workers,
      (worker) => {
        log.workerBlocked(worker.lane.id);
        this.#pool.kill(worker);
      },
    );
  }

  get semaphore(): Pick<Semaphore, 'held' | 'limit' | 'available'> {
    return this.#semaphore;
  }

  get workers(): ReturnType<WorkerPool<Task>['count']> {
    return this.#pool.count();
  }

  // ---- sending

  /** The worker for the task; undefined if the task has to wait. The worker has its permit then. */
  placeFor(task: Task): PooledWorker<Task> | undefined {
    const soonest = this.#soonestFor(task);
    if (soonest) {
      return soonest;
    }
    const { idle } = this.#pool;
    if (idle && this.#semaphore.tryAcquire()) {
      idle.hasPermit = true;
      this.#pool.markBusy(idle);
      this.#prefetch.estimate(task);
      return idle;
    }
    if (this.#semaphore.held > this.#semaphore.limit) {
      // After a resize, workers run dry until there are no more of them than the bound allows.
      return undefined;
    }
    return this.#prefetch.placeFor(task);
  }

  /** Whether a task that came should be sent at once, rather than together with those that come with it. */
  hasPlaceNow(next: Task | undefined): boolean {
    const { available } = this.#semaphore;
    const isPlace = (this.#pool.idle !== undefined && available > 0) || !this.#pool.isFull;
    return isPlace && !(next && this.#soonestFor(next));
  }

  /** Hands the task to the worker's lane. It is on its way after {@link flush}. */
  send(task: Task, worker: PooledWorker<Task>, reportStart: boolean): void {
    if (task.handler.semaphore?.tryAcquire() === false) {
      throw new Error(`${task.handlerName} has no permit left for task ${task.uid}`);
    }
    worker.lane.send(task, reportStart);
    this.#unflushed.add(worker.lane);
    this.#prefetch.noteSent(task, worker);
    this.#beginWatch.noteSent(worker);
  }

  flush(): void {
    for (const lane of this.#unflushed) {
      lane.flush();
    }
    this.#unflushed.clear();
  }

  /** Starts workers, as far as the bound allows. */
  grow(demand: number): void {
    if (demand > 0 || this.#pool.isShort) {
      this.#pool.grow(demand);
    }
  }

  // ---- the way back

  /** Takes back an attempt that has not begun; false if it has. */
  revoke(task: Task): boolean {
    const { lane } = task;
    if (!lane?.revoke(task)) {
      return false;
    }
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#prefetch.noteGone(task, worker);
    }
    task.handler.semaphore?.release();
    return true;
  }

  /** The prefetched tasks that a task of this priority goes before. */
  lessUrgent(priority: number): readonly Task[] {
    return this.#prefetch.lessUrgent(priority);
  }

  /** All tasks that workers hold. */
  held(): readonly Task[] {
    return this.#prefetch.held(() => true);
  }

  /**
   * Cancels a running attempt, and ends its worker if the handler does not stop within the grace period.
   * Returns the tasks behind it, which must not begin in the moment before the worker is ended.
   */
  stop(task: Task, reason: unknown): readonly Task[] {
    const { lane } = task;
    const worker = lane && this.#pool.workerOf(lane);
    if (!worker) {
      return [];
    }
    this.#grace.start(task, worker);
    this.#lent.stop(task);
    worker.blocked = true;
    // Last, since it reads the reason, whose getters are code of the user.
    lane.cancel(task, reason);
    return this.#prefetch.held((_task, other) => other === worker);
  }

  // ---- what lanes report, as far as it concerns workers

  ready(lane: Lane<Task>): void {
    this.#pool.onReady(lane);
  }

  /** The attempt is over: it took `runMs`. */
  finished(lane: Lane<Task>, task: Task, runMs: number): void {
    this.#leaveLane(task);
    task.handler.runTime.record(runMs / task.items);
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#prefetch.noteGone(task, worker);
      worker.blocked = false;
      this.#pool.noteFinished(worker);
      this.#noteRoom(worker);
    }
  }

  /** The attempt could not be sent. */
  unsendable(lane: Lane<Task>, task: Task): void {
    this.#leaveLane(task);
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#prefetch.noteGone(task, worker);
      this.#noteRoom(worker);
    }
  }

  /** The worker has passed over an attempt that was revoked. */
  skipped(lane: Lane<Task>): void {
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#noteRoom(worker);
    }
  }

  /** The attempt waits for an answer of the application. */
  awaiting(lane: Lane<Task>, task: Task): WaitForApplication {
    const worker = this.#pool.workerOf(lane);
    return worker ? this.#lent.begin(task, worker) : ANSWERED_AT_ONCE;
  }

  heapLimit(lane: Lane<Task>): void {
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#pool.recycle(worker);
    }
  }

  ending(lane: Lane<Task>): void {
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#pool.markEnding(worker);
    }
  }

  /** The worker has ended, and holds nothing any more. Returns the error if workers persistently do not start. */
  ended(lane: Lane<Task>, end: LaneEnd<Task>): StartFailure | undefined {
    for (const task of end.waiting) {
      this.#leaveLane(task);
    }
    if (end.running) {
      this.#leaveLane(end.running, end.isLeftBehind ? end.gone : undefined);
    }
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#releasePermit(worker);
    }
    return this.#pool.onEnded(lane, end);
  }

  // ---- the pool

  warmUp(): Promise<void> {
    return this.#pool.warmUp();
  }

  resize(maxProcesses: number): void {
    this.#semaphore.resize(maxProcesses);
    this.#pool.resize(maxProcesses);
    this.#lent.serve();
  }

  /** Ends all workers. One whose handler is asked to stop has its grace period; the others are idle. */
  async close(): Promise<void> {
    this.#prefetch.close();
    this.#beginWatch.close();
    this.#lent.close();
    await this.#pool.close(this.#cancelGrace);
  }

  #soonestFor(task: Task): PooledWorker<Task> | undefined {
    const { held, limit } = this.#semaphore;
    return held > 0 && held <= limit ? this.#prefetch.soonestFor(task) : undefined;
  }

  /** The worker's lane has one attempt less. */
  #noteRoom(worker: PooledWorker<Task>): void {
    worker.unbegunLooks = 0;
    if (worker.lane.load > 0) {
      this.#prefetch.noteRoom(worker);
    } else if (this.#releasePermit(worker)) {
      this.#pool.markIdle(worker);
    }
  }

  /** Returns whether the worker had a permit. */
  #releasePermit(worker: PooledWorker<Task>): boolean {
    const { hasPermit } = worker;
    if (hasPermit) {
      worker.hasPermit = false;
      this.#semaphore.release();
      this.#lent.serve();
    }
    return hasPermit;
  }

  #tryLend(worker: PooledWorker<Task>, log: PoolLog): boolean {
    if (!worker.hasPermit) {
      return false;
    }
    const mayLend = this.#pool.tryLend();
    if (mayLend) {
      this.#releasePermit(worker);
    } else {
      log.tooManyWait();
    }
    return mayLend;
  }

  /** The worker has a permit again that it had lent. */
  #tookBack(worker: PooledWorker<Task>): void {
    worker.hasPermit = true;
    this.#pool.takeBack();
  }

  /** @param over - Settles when the attempt no longer runs; undefined if it does not. */
  #leaveLane(task: Task, over?: Promise<void>): void {
    this.#lent.stop(task);
    task.leaveLane();
    const { semaphore } = task.handler;
    if (over) {
      void over.then(() => semaphore?.release());
    } else {
      semaphore?.release();
    }
    this.#grace.stop(task);
  }
}
