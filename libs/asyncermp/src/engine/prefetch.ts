import type { WorkerPool } from '../pool/worker-pool.js';
import type { PooledWorker } from '../pool/worker-set.js';
import { Semaphore } from './semaphore.js';
import type { Task } from './task.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { SHORT_RUN_MS } from '../protocol/envelope.js';
import { SLOT_COUNT } from '../protocol/slots.js';

/**
 * Which worker a task goes to: tiny ones to one that is done with them before another one is awake, others
 * to an idle one first, and short ones to one that is busy, a little ahead of their turn. A permit belongs to
 * a worker for as long as it has attempts, also one whose task is settled and that does not let go: so the
 * bound holds for what really runs.
 */
export class Placement {
  readonly semaphore: Semaphore;
  readonly ahead: SentAhead;

  /** @param haveWaitAgain - Has tasks that were sent ahead wait again, as far as they have not begun. */
  constructor(
    private readonly pool: WorkerPool<Task>,
    maxProcesses: number,
    haveWaitAgain: (tasks: Task[]) => void,
  ) {
    this.semaphore = new Semaphore(maxProcesses);
    this.ahead = new SentAhead(() => pool.workers, haveWaitAgain);
  }

  /** The worker for the task; undefined if it has to wait. The worker has its permit then. */
  placeFor(task: Task): PooledWorker<Task> | undefined {
    const soonest = this.soonestFor(task);
    if (soonest) {
      return soonest;
    }
    const { idle } = this.pool;
    if (idle && this.semaphore.tryAcquire()) {
      idle.hasPermit = true;
      this.pool.markBusy(idle);
      this.ahead.expect(task);
      return idle;
    }
    if (this.semaphore.held > this.semaphore.limit) {
      // After a resize: workers run dry until there are no more of them than the bound allows.
      return undefined;
    }
    return this.ahead.placeFor(task);
  }

  /** A busy worker that will have run the task before another one is awake. */
  soonestFor(task: Task): PooledWorker<Task> | undefined {
    const { held, limit } = this.semaphore;
    return held > 0 && held <= limit ? this.ahead.soonestFor(task) : undefined;
  }

  /** The worker was sent the task. */
  noteSent(task: Task, worker: PooledWorker<Task>): void {
    worker.aheadUs += task.expectedUs;
    worker.typicalAheadUs += task.typicalUs;
    if (worker.lane.load > 1) {
      this.ahead.noteSent(task);
    }
  }

  /** The worker will not run the task, or has run it. */
  noteGone(task: Task, worker: PooledWorker<Task>): void {
    worker.aheadUs -= task.expectedUs;
    worker.typicalAheadUs -= task.typicalUs;
  }

  /** The worker's lane has one attempt less. */
  noteRoom(worker: PooledWorker<Task>): void {
    if (worker.lane.load > 0) {
      this.ahead.noteRoom(worker);
      return;
    }
    if (this.noteEnded(worker)) {
      this.pool.markIdle(worker);
    }
  }

  /** The worker has no attempt any more. Returns whether it had a permit. */
  noteEnded(worker: PooledWorker<Task>): boolean {
    const hadPermit = worker.hasPermit;
    if (hadPermit) {
      worker.hasPermit = false;
      this.semaphore.release();
    }
    return hadPermit;
  }
}

/** Only handlers whose mean run is shorter are sent ahead of their turn; longer ones gain nothing. */
const SHORT_US = SHORT_RUN_MS * 1_000;
/** The most work that is sent to a worker at once: what a task behind it may have to wait. */
const AHEAD_US = 1_000;
/** About what it takes to wake a worker whose core sleeps, and so what a busy one is better at. */
const WAKE_US = 60;
/** What counts for a task that is not known to be short: nothing is sent behind it. */
const LONG_US = 1_000_000;
/** A worker is sent more when it has so few left, so that many go in one message. */
const REFILL_BELOW = SLOT_COUNT / 2;
/** How often it is looked whether a worker is held up by a task that runs longer than expected. */
const LOOK_MS = 4;

/**
 * Which tasks are sent to a worker that is still busy, so that it need not wait for the next message:
 * those of handlers whose measured runs are short, and only as many as take a millisecond or so. None
 * of them is worse off for it: what was sent ahead and has not begun is taken back when its worker is
 * held up, or when something more urgent comes.
 */
export class SentAhead {
  /** The worker that had room last: where the next short task goes without a search. */
  #roomy: PooledWorker<Task> | undefined = undefined;
  /** The worker that tiny tasks share. */
  #shared: PooledWorker<Task> | undefined = undefined;
  /** No task that was sent ahead is less urgent. */
  #lowestPriority = Infinity;
  #lookTimer: NodeJS.Timeout | undefined = undefined;

  /**
   * @param workers - All workers.
   * @param takeBack - Has tasks wait again, as far as they have not begun.
   */
  constructor(
    private readonly workers: () => Iterable<PooledWorker<Task>>,
    private readonly takeBack: (tasks: Task[]) => void,
  ) {}

  /**
   * A busy worker that will have run the task before another one is awake; undefined if there is none. Tiny
   * tasks share one worker as far as it gets: so more of them share a message, and the others can sleep.
   */
  soonestFor(task: Task): PooledWorker<Task> | undefined {
    if (!this.#mayGoAhead(task) || task.typicalUs > WAKE_US) {
      return undefined;
    }
    if (!this.#shared || this.#shared.lane.load === 0 || this.#shared.blocked) {
      this.#shared = this.#busyFor(task);
    }
    const shared = this.#shared;
    return shared && isSoonDone(shared, task) ? shared : undefined;
  }

  /** Notes with the task how long it is expected to run. */
  expect(task: Task): void {
    const { handler, items } = task;
    const { meanMs, typicalMs } = handler.runTime;
    task.expectedUs = Math.min(Math.ceil(meanMs * items * 1_000), LONG_US);
    task.typicalUs = Math.min(Math.ceil(typicalMs * items * 1_000), LONG_US);
  }

  /** A busy worker to which the task may be sent; undefined if it has to wait. */
  placeFor(task: Task): PooledWorker<Task> | undefined {
    if (!this.#mayGoAhead(task)) {
      return undefined;
    }
    if (this.#roomy && hasRoom(this.#roomy, task)) {
      return this.#roomy;
    }
    this.#roomy = undefined;
    let best: PooledWorker<Task> | undefined;
    for (const worker of this.workers()) {
      const { load } = worker.lane;
      if (load <= REFILL_BELOW && hasRoom(worker, task) && (!best || load < best.lane.load)) {
        best = worker;
      }
    }
    this.#roomy = best;
    return best;
  }

  /** Whether the task may be sent behind another one. Notes with it how long it is expected to run. */
  #mayGoAhead(task: Task): boolean {
    this.expect(task);
    // What is handed over is gone with a worker that dies, and a handler with a bound of its own would
    // use it up without running.
    return task.expectedUs <= SHORT_US && !task.handsOver && !task.handler.semaphore;
  }

  #busyFor(task: Task): PooledWorker<Task> | undefined {
    for (const worker of this.workers()) {
      if (worker.lane.load > 0 && isSoonDone(worker, task)) {
        return worker;
      }
    }
    return undefined;
  }

  /** The task was sent behind another one. */
  noteSent(task: Task): void {
    this.#lowestPriority = Math.min(this.#lowestPriority, task.priority);
    this.#lookTimer ??= setTimeout(() => this.#look(), LOOK_MS).unref();
  }

  /** The worker has finished an attempt and has others. */
  noteRoom(worker: PooledWorker<Task>): void {
    if (worker.lane.load <= REFILL_BELOW) {
      this.#roomy = worker;
    }
  }

  /** A task of this priority came: what was sent ahead and is less urgent makes room. */
  overtake(priority: number): void {
    if (priority > this.#lowestPriority) {
      this.recall((task) => task.priority < priority);
      this.#lowestPriority = priority;
    }
  }

  /** Takes back what was sent and has not begun, as far as `which` says so. */
  recall(which: (task: Task, worker: PooledWorker<Task>) => boolean): void {
    const tasks: Task[] = [];
    for (const worker of this.workers()) {
      if (worker.lane.load > 0) {
        // What was handed over with a task is there already, and cannot be sent again.
        const held = worker.lane.held().filter((task) => !task.transferList);
        tasks.push(...held.filter((task) => which(task, worker)));
      }
    }
    if (tasks.length > 0) {
      this.takeBack(tasks);
    }
  }

  close(): void {
    clearTimeout(this.#lookTimer);
  }

  #look(): void {
    this.#lookTimer = undefined;
    const since = monotonicMs() - (2 * AHEAD_US) / 1_000;
    let isAhead = false;
    let isBlocked = false;
    for (const worker of this.workers()) {
      const { lane } = worker;
      if (lane.load > 1) {
        isAhead = true;
        worker.blocked = lane.held().some((task) => (lane.startedAt(task) ?? Infinity) < since);
        isBlocked ||= worker.blocked;
      }
    }
    if (isBlocked) {
      this.recall((_task, worker) => worker.blocked);
    }
    if (isAhead) {
      this.#lookTimer = setTimeout(() => this.#look(), LOOK_MS).unref();
    } else {
      this.#lowestPriority = Infinity;
    }
  }
}

/** Whether the worker will have run the task before another one is awake. */
function isSoonDone(worker: PooledWorker<Task>, task: Task): boolean {
  // By what most tasks take: a mean is held up for long by the few that were held up themselves.
  return worker.typicalAheadUs + task.typicalUs <= WAKE_US && hasRoom(worker, task);
}

function hasRoom(
  { state, lane, blocked, aheadUs, hasPermit }: PooledWorker<Task>,
  task: Task,
): boolean {
  return (
    state === 'ready' &&
    hasPermit &&
    !blocked &&
    !lane.takesOneAtATime &&
    lane.load < SLOT_COUNT &&
    aheadUs + task.expectedUs <= AHEAD_US
  );
}
