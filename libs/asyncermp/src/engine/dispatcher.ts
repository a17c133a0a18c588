import { WorkerPool, type WorkerPoolOptions, type PoolUser } from '../pool/worker-pool.js';
import type { Lane, LaneEnd, WorkerFactory } from '../pool/lane.js';
import type { PooledWorker } from '../pool/worker-set.js';
import type { EncodedError } from '../protocol/error-codec.js';
import type { LogLevelName, LogLine } from '../protocol/envelope.js';
import type { TaskSerializationError, CrashDetails } from '../contract/errors.js';
import type { PoolLog } from '../pool/pool-log.js';
import type { ReadyQueue } from './ready-queue.js';
import { Placement } from './prefetch.js';
import type { Semaphore } from './semaphore.js';
import type { Task } from './task.js';
import { GraceTimers } from './time-limits.js';

/**
 * Brings what waits to the workers: never more than the semaphore allows at once. What becomes of the
 * attempts there goes to its listener.
 */
export class Dispatcher implements PoolUser<Task> {
  readonly #pool: WorkerPool<Task>;
  readonly #placement: Placement;
  readonly #recall: Recall;
  readonly #pump = new Pump(() => this.#sendAll());
  readonly #unflushed = new Set<Lane<Task>>();
  #isPaused = false;

  constructor(
    private readonly queue: ReadyQueue,
    private readonly listener: AttemptListener,
    factory: WorkerFactory<Task>,
    private readonly options: WorkerPoolOptions & { readonly cancelGrace: number },
    private readonly log: PoolLog,
  ) {
    this.#pool = new WorkerPool(factory, options, this, log);
    this.#placement = new Placement(this.#pool, options.maxProcesses, (tasks) => {
      this.#recall.haveWaitAgain(tasks);
      this.pump();
    });
    this.#recall = new Recall(this.#pool, this.#placement, queue, options.cancelGrace);
  }

  get semaphore(): Pick<Semaphore, 'held' | 'limit' | 'available'> {
    return this.#placement.semaphore;
  }

  get workers(): ReturnType<WorkerPool<Task>['count']> {
    return this.#pool.count();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  warmUp(): Promise<void> {
    return this.#pool.warmUp();
  }

  pause(): void {
    this.#isPaused = true;
    this.#placement.ahead.recall(() => true);
  }

  resume(): void {
    this.#isPaused = false;
    this.pump();
  }

  resize(maxProcesses: number): void {
    this.#placement.semaphore.resize(maxProcesses);
    this.#pool.resize(maxProcesses);
    this.pump();
  }

  /** Ends all workers. Those that were told to stop have their grace; the others are idle. */
  async close(): Promise<void> {
    this.#isPaused = true;
    this.#placement.ahead.close();
    await this.#pool.close(this.options.cancelGrace);
  }

  /** Sends what can be sent. */
  pump(): void {
    this.#pump.run();
  }

  /** A task came. It goes at once where there is a place, and otherwise with those that come with it. */
  arrive(): void {
    const next = this.queue.peek();
    const isPlace = this.#pool.idle || !this.#pool.isFull;
    if (isPlace && !(next && this.#placement.soonestFor(next))) {
      this.#pump.run();
    } else {
      this.#pump.runSoon();
    }
  }

  #sendAll(): void {
    this.#fill();
    for (const lane of this.#unflushed) {
      lane.flush();
    }
    this.#unflushed.clear();
    if (this.demand > 0 || this.#pool.isShort) {
      this.#pool.grow();
    }
    // Also if nothing was sent: a permit may be free for a submission that waits for one.
    this.listener.onRoom();
  }

  #fill(): void {
    for (let task = this.queue.peek(); task && !this.#isPaused; task = this.queue.peek()) {
      const worker = this.#placement.placeFor(task);
      if (!worker) {
        break;
      }
      this.queue.take(task);
      this.#send(task, worker);
    }
  }

  /** Takes a task back that was sent and has not begun; false if it has. It waits nowhere then. */
  takeBack(task: Task): boolean {
    return this.#recall.takeBack(task);
  }

  /** Tells a running attempt to stop, and ends its worker if it does not in time. */
  stop(task: Task, reason: unknown): void {
    this.#recall.stop(task, reason);
  }

  /** A task of this priority came. */
  overtake(priority: number): void {
    this.#placement.ahead.overtake(priority);
  }

  // ---- what the pool asks

  get demand(): number {
    return this.#isPaused || !this.queue.peek() ? 0 : this.queue.size;
  }

  onNoWorkers(error: unknown): void {
    this.listener.onNoWorkers(error);
  }

  onMayStart(): void {
    this.pump();
  }

  // ---- what lanes report

  onReady(lane: Lane<Task>): void {
    this.#pool.onReady(lane);
    this.pump();
  }

  onStarted(lane: Lane<Task>, task: Task): void {
    this.listener.onStarted(task, lane);
  }

  onProgress(_lane: Lane<Task>, task: Task, value: unknown): void {
    this.listener.onProgress(task, value);
  }

  onCompleted(
    lane: Lane<Task>,
    task: Task,
    result: unknown,
    startedAt: number,
    runMs: number,
  ): void {
    this.#finished(lane, task, runMs);
    this.listener.onCompleted(task, result, startedAt);
  }

  onFailed(
    lane: Lane<Task>,
    task: Task,
    error: EncodedError,
    startedAt: number,
    runMs: number,
  ): void {
    this.#finished(lane, task, runMs);
    this.listener.onFailed(task, error, startedAt);
  }

  onUnsendable(lane: Lane<Task>, task: Task, error: TaskSerializationError): void {
    this.#recall.letGo(task);
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#placement.noteGone(task, worker);
      this.#placement.noteRoom(worker);
    }
    this.listener.onUnsendable(task, error);
    this.pump();
  }

  onSkipped(lane: Lane<Task>): void {
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#placement.noteRoom(worker);
      this.pump();
    }
  }

  onHeapLimit(lane: Lane<Task>): void {
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#pool.recycle(worker);
    }
  }

  onLog(lane: Lane<Task>, level: LogLevelName, line: LogLine): void {
    this.log.workerLine(lane.id, level, line);
  }

  onEnding(lane: Lane<Task>): void {
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#pool.markEnding(worker);
    }
  }

  onEnded(lane: Lane<Task>, end: LaneEnd<Task>): void {
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#placement.noteEnded(worker);
    }
    const { running, runningSince, waiting, crash } = end;
    const suspects = waiting.filter((task) => !this.#recall.giveBack(task, running === undefined));
    if (running) {
      this.#recall.letGo(running);
    }
    this.#pool.onEnded(lane, end);
    if (running) {
      this.listener.onLost(running, crash, runningSince);
    }
    for (const task of suspects) {
      this.listener.onLost(task, crash ?? { reason: 'exit' }, undefined);
    }
    this.pump();
  }

  // ---- sending

  #send(task: Task, worker: PooledWorker<Task>): void {
    const { lane } = worker;
    task.handler.semaphore?.tryAcquire();
    task.sendTo(lane);
    lane.send(task, this.listener.wantsStart(task));
    this.#unflushed.add(lane);
    this.#placement.noteSent(task, worker);
    this.listener.onSent(task);
  }

  // ---- ends

  #finished(lane: Lane<Task>, task: Task, runMs: number): void {
    // Before the caller is told, and so before its code goes on, which may take its time.
    this.#pump.runSoon();
    this.#recall.letGo(task);
    task.handler.runTime.record(runMs / task.items);
    const worker = this.#pool.workerOf(lane);
    if (worker) {
      this.#placement.noteGone(task, worker);
      worker.blocked = false;
      this.#pool.noteFinished(worker);
      this.#placement.noteRoom(worker);
    }
  }
}

/** What the dispatcher reports of attempts. */
export interface AttemptListener {
  /** Whether the worker shall tell when this attempt starts. */
  wantsStart(task: Task): boolean;
  onSent(task: Task): void;
  onStarted(task: Task, lane: Lane<Task>): void;
  onProgress(task: Task, value: unknown): void;
  onCompleted(task: Task, result: unknown, startedAt: number): void;
  onFailed(task: Task, error: EncodedError, startedAt: number): void;
  /** The worker has ended: it crashed, or (without `crash`) it was killed. */
  onLost(task: Task, crash: CrashDetails | undefined, startedAt: number | undefined): void;
  /** It could not be sent: nothing of it has happened. */
  onUnsendable(task: Task, error: unknown): void;
  /** No worker starts, so nothing that waits can run. */
  onNoWorkers(error: unknown): void;
  /** There may be room for a submission that waits for it. */
  onRoom(): void;
}

/** Workers that may die with a task before it began, until it is suspected to be what kills them. */
const MOST_RETURNS = 3;

/** Gets tasks back from workers that have not begun them, and has workers stop those that they have. */
export class Recall {
  readonly #grace: GraceTimers;

  constructor(
    private readonly pool: WorkerPool<Task>,
    private readonly placement: Placement,
    private readonly queue: ReadyQueue,
    cancelGraceMs: number,
  ) {
    this.#grace = new GraceTimers(cancelGraceMs, (worker) => pool.kill(worker));
  }

  /** Takes a task back that was sent and has not begun; false if it has. It waits nowhere then. */
  takeBack(task: Task): boolean {
    const { lane } = task;
    if (!lane?.revoke(task)) {
      return false;
    }
    const worker = this.pool.workerOf(lane);
    if (worker) {
      this.placement.noteGone(task, worker);
    }
    task.handler.semaphore?.release();
    task.takeBack();
    return true;
  }

  /** Has tasks wait again, as far as they have not begun. */
  haveWaitAgain(tasks: Task[]): void {
    // The last one first: then whatever the worker begins meanwhile comes before all that is taken
    // back, and each finds its place at the head of the line.
    const latestFirst = tasks.sort((a, b) => a.priority - b.priority || b.seq - a.seq);
    for (const task of latestFirst) {
      if (!task.isSettled && this.takeBack(task)) {
        this.queue.restore(task);
      }
    }
  }

  /** Tells a running attempt to stop, and ends its worker if it does not in time. */
  stop(task: Task, reason: unknown): void {
    const { lane } = task;
    const worker = lane && this.pool.workerOf(lane);
    if (worker) {
      lane.cancel(task, reason);
      this.#grace.start(task, worker);
      // What waits behind it must not begin in the moment before the worker is ended.
      worker.blocked = true;
      this.placement.ahead.recall((_task, other) => other === worker);
    }
  }

  /** No lane has the task any more. */
  letGo(task: Task): void {
    task.leaveLane();
    task.handler.semaphore?.release();
    this.#grace.stop(task);
  }

  /**
   * A worker died before it had begun the task, which waits again. False if it cannot simply do that.
   *
   * @param isSuspect - Whether nothing ran that can have killed the worker.
   */
  giveBack(task: Task, isSuspect: boolean): boolean {
    this.letGo(task);
    if (isSuspect) {
      task.rare.returns++;
    }
    if (task.transferList || task.returns > MOST_RETURNS) {
      return false;
    }
    task.takeBack();
    this.queue.restore(task);
    return true;
  }
}

const NOW = Promise.resolve();

/** Does one piece of work whenever somebody asks for it: never inside of itself, and never once too few. */
export class Pump {
  readonly #work: () => void;
  #isRunning = false;
  #isAskedAgain = false;
  #isDue = false;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** At once; while it is being done, once more after that. */
  run(): void {
    if (this.#isRunning) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isRunning = true;
    do {
      this.#isAskedAgain = false;
      this.#work();
    } while (this.#isAskedAgain);
    this.#isRunning = false;
  }

  /** When all that is being told at the moment has been told: once for all who ask until then. */
  runSoon(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      void NOW.then(this.#runDue);
    }
  }

  readonly #runDue = (): void => {
    this.#isDue = false;
    this.run();
  };
}
