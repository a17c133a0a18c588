import type { PooledWorker } from '../pool/worker-set.js';
import { SHORT_RUN_MS } from '../protocol/envelope.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { clearTimeout, setTimeout } from '../protocol/real-timers.js';
import { SLOT_COUNT } from '../protocol/slots.js';
import type { Task } from './task.js';

/** Only handlers whose mean run is shorter are prefetched; longer ones gain nothing. */
const SHORT_NS = SHORT_RUN_MS * 1_000_000;
/** The most work that a worker holds: how long a task may have to wait behind others. */
const AHEAD_NS = 1_000_000;
/** About what it takes to wake a worker whose core sleeps. A busy worker that is done sooner is better. */
const WAKE_NS = 60_000;
/** Counted for a task that is not known to be short: nothing is sent behind it. */
const LONG_NS = 1_000_000_000;
/** A worker is sent more when it has this few left, so that one message carries many. */
const REFILL_BELOW = SLOT_COUNT / 2;
/** How often to look for a worker that is held up by a task which runs longer than expected. */
const LOOK_MS = 4;

/**
 * Which tasks are sent to a worker that is still busy, so that it need not wait for the next message: those
 * of handlers whose measured runs are short, and only as many as take about a millisecond. No task is worse
 * off for it: an attempt that has not begun is revoked when its worker is held up, or when a more urgent
 * task comes. What to revoke is returned; the caller requeues it.
 */
export class Prefetch {
  readonly #workers: () => Iterable<PooledWorker<Task>>;
  readonly #onHeldUp: (tasks: readonly Task[]) => void;
  /** The worker that had room last: where the next short task goes without a search. */
  #lastWithRoom: PooledWorker<Task> | undefined = undefined;
  /** The worker that tiny tasks share. */
  #shared: PooledWorker<Task> | undefined = undefined;
  /** No prefetched task is less urgent. */
  #lowestPriority = Infinity;
  #lookTimer: NodeJS.Timeout | undefined = undefined;

  /**
   * @param workers - All workers of the pool.
   * @param onHeldUp - Called with tasks that should not stay with a worker which is held up.
   */
  constructor(
    workers: () => Iterable<PooledWorker<Task>>,
    onHeldUp: (tasks: readonly Task[]) => void,
  ) {
    this.#workers = workers;
    this.#onHeldUp = onHeldUp;
  }

  /** Notes with the task how long it is expected to run. */
  estimate(task: Task): void {
    const { handler, items } = task;
    const { meanMs, typicalMs } = handler.runTime;
    task.expectedNs = Math.min(Math.ceil(meanMs * items * 1_000_000), LONG_NS);
    task.typicalNs = Math.min(Math.ceil(typicalMs * items * 1_000_000), LONG_NS);
  }

  /**
   * A busy worker that will have run the task before another one is awake, if there is one. Tiny tasks share
   * one worker as far as possible: then more of them share a message, and the other workers sleep.
   */
  soonestFor(task: Task): PooledWorker<Task> | undefined {
    if (!this.#mayPrefetch(task) || task.typicalNs > WAKE_NS) {
      return undefined;
    }
    if (!this.#shared || this.#shared.lane.load === 0 || this.#shared.blocked) {
      this.#shared = this.#busyFor(task);
    }
    const shared = this.#shared;
    return shared && isSoonDone(shared, task) ? shared : undefined;
  }

  /** A busy worker to which the task may be sent; undefined if the task has to wait. */
  placeFor(task: Task): PooledWorker<Task> | undefined {
    if (!this.#mayPrefetch(task)) {
      return undefined;
    }
    if (this.#lastWithRoom && hasRoom(this.#lastWithRoom, task)) {
      return this.#lastWithRoom;
    }
    this.#lastWithRoom = undefined;
    let best: PooledWorker<Task> | undefined;
    for (const worker of this.#workers()) {
      const { load } = worker.lane;
      if (load <= REFILL_BELOW && hasRoom(worker, task) && (!best || load < best.lane.load)) {
        best = worker;
      }
    }
    this.#lastWithRoom = best;
    return best;
  }

  /** The worker was sent the task. */
  noteSent(task: Task, worker: PooledWorker<Task>): void {
    worker.expectedNs += task.expectedNs;
    worker.typicalNs += task.typicalNs;
    if (worker.lane.load > 1) {
      this.#lowestPriority = Math.min(this.#lowestPriority, task.priority);
      this.#lookTimer ??= setTimeout(() => this.#look(), LOOK_MS).unref();
    }
  }

  /** The worker has run the task, or will not run it. */
  noteGone(task: Task, worker: PooledWorker<Task>): void {
    worker.expectedNs -= task.expectedNs;
    worker.typicalNs -= task.typicalNs;
  }

  /** The worker has finished an attempt and has others. */
  noteRoom(worker: PooledWorker<Task>): void {
    if (worker.lane.load <= REFILL_BELOW) {
      this.#lastWithRoom = worker;
    }
  }

  /** A task of this priority came: returns the prefetched tasks that should make room for it. */
  lessUrgent(priority: number): readonly Task[] {
    if (priority <= this.#lowestPriority) {
      return NONE;
    }
    this.#lowestPriority = priority;
    return this.held((task) => task.priority < priority);
  }

  /** The tasks that workers hold, as far as `which` says so; the caller revokes those that have not begun. */
  held(which: (task: Task, worker: PooledWorker<Task>) => boolean): readonly Task[] {
    const tasks: Task[] = [];
    for (const worker of this.#workers()) {
      if (worker.lane.load > 0) {
        for (const task of worker.lane.held()) {
          // What was handed over with a task is with the worker already, and cannot be sent again.
          if (!task.transferList && which(task, worker)) {
            tasks.push(task);
          }
        }
      }
    }
    return tasks;
  }

  close(): void {
    clearTimeout(this.#lookTimer);
  }

  /** Whether the task may be sent behind another one. Notes with it how long it is expected to run. */
  #mayPrefetch(task: Task): boolean {
    this.estimate(task);
    // What is handed over is lost with a worker that dies, and a handler with a bound of its own would use
    // it up without running.
    return task.expectedNs <= SHORT_NS && !task.handsOver && !task.handler.semaphore;
  }

  #busyFor(task: Task): PooledWorker<Task> | undefined {
    for (const worker of this.#workers()) {
      if (worker.lane.load > 0 && isSoonDone(worker, task)) {
        return worker;
      }
    }
    return undefined;
  }

  #look(): void {
    this.#lookTimer = undefined;
    const since = monotonicMs() - (2 * AHEAD_NS) / 1_000_000;
    let hasPrefetched = false;
    let isBlocked = false;
    for (const worker of this.#workers()) {
      const { lane } = worker;
      if (lane.load > 1) {
        hasPrefetched = true;
        worker.blocked = lane.held().some((task) => (lane.startedAt(task) ?? Infinity) < since);
        isBlocked ||= worker.blocked;
      }
    }
    if (hasPrefetched) {
      this.#lookTimer = setTimeout(() => this.#look(), LOOK_MS).unref();
    } else {
      this.#lowestPriority = Infinity;
    }
    if (isBlocked) {
      this.#onHeldUp(this.held((_task, worker) => worker.blocked));
    }
  }
}

const NONE: readonly Task[] = [];

/** Whether the worker will have run the task before another one is awake. */
function isSoonDone(worker: PooledWorker<Task>, task: Task): boolean {
  // By what most tasks take: the mean stays high for long after a few runs that were held up.
  return worker.typicalNs + task.typicalNs <= WAKE_NS && hasRoom(worker, task);
}

function hasRoom(
  { state, lane, blocked, expectedNs, hasPermit }: PooledWorker<Task>,
  task: Task,
): boolean {
  return (
    state === 'ready' &&
    hasPermit &&
    !blocked &&
    !lane.takesOneAtATime &&
    lane.load < SLOT_COUNT &&
    expectedNs + task.expectedNs <= AHEAD_NS
  );
}
