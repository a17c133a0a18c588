import type { TimeoutPhase } from '../contract/errors.js';
import type { PooledWorker } from '../pool/worker-set.js';
import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import { clearTimeout, setImmediate, setTimeout } from '../protocol/real-timers.js';
import type { Task } from './task.js';

/** A time of a task that has come: one of its limits, or the end of its backoff. */
export interface Due {
  /** In `monotonicMs`. */
  readonly at: number;
  readonly phase: TimeoutPhase | 'retry';
  readonly limitMs: number;
}

/**
 * Watches over the time limits of tasks. At any moment only the nearest one of a task matters, so a task
 * has at most one timer. The timers hold the process: a task with a time limit is in flight.
 */
export class TimeLimits {
  readonly #onDue: (task: Task, due: Due) => void;
  readonly #retryAt = new WeakMap<Task, number>();

  /** @param onDue - Called when a limit of the task has passed, or its backoff is over. */
  constructor(onDue: (task: Task, due: Due) => void) {
    this.#onDue = onDue;
  }

  /** The task has come to another state: watches the time that matters there. */
  watch(task: Task): void {
    this.forget(task);
    if (task.policy.isLimited || task.phase === 'retrying') {
      const next = this.#next(task);
      if (next) {
        this.#setTimer(task, next.at);
      }
    }
  }

  /** The task is settled: no time matters any more. */
  forget(task: Task): void {
    if (task.timer) {
      clearTimeout(task.timer);
      task.rare.timer = undefined;
    }
  }

  /** The task is `retrying`: it is due after the delay, in milliseconds. */
  retryIn(task: Task, delayMs: number): void {
    this.#retryAt.set(task, monotonicMs() + delayMs);
    this.watch(task);
  }

  #setTimer(task: Task, at: number): void {
    // Rounded up, since a timer cuts off fractions.
    const delayMs = Math.min(Math.max(Math.ceil(at - monotonicMs()), 1), LONGEST_TIMER_MS);
    task.rare.timer = setTimeout(this.#onTimer, delayMs, task);
  }

  /**
   * Looks after the messages that have arrived: when this thread was blocked, a task may have been done in
   * time, and its answer may be waiting behind the timer.
   */
  readonly #onTimer = (task: Task): void => {
    setImmediate(this.#check, task);
  };

  readonly #check = (task: Task): void => {
    this.forget(task);
    const next = this.#next(task);
    if (!next) {
      return;
    }
    if (next.at > monotonicMs()) {
      // The timer was set when the attempt was sent, and the attempt began later.
      this.#setTimer(task, next.at);
    } else {
      this.#retryAt.delete(task);
      this.#onDue(task, next);
    }
  };

  /** The nearest of the times that matter in the task's state. */
  #next(task: Task): Due | undefined {
    const { timeout, queueTimeout, deadline } = task.policy;
    if (task.isSettled) {
      return undefined;
    }
    let next: Due | undefined;
    if (deadline !== Infinity) {
      next = { at: task.acceptedAt + deadline, phase: 'deadline', limitMs: deadline };
    }
    const startedAt = task.lane?.startedAt(task);
    if (task.phase === 'retrying') {
      next = earlier(next, this.#retryAt.get(task) ?? 0, 'retry', 0);
    } else if (!hasRun(task) && startedAt === undefined && queueTimeout !== Infinity) {
      next = earlier(next, task.acceptedAt + queueTimeout, 'queue', queueTimeout);
    }
    if (task.phase === 'sent' && timeout !== Infinity) {
      next = earlier(next, (startedAt ?? monotonicMs()) + timeout, 'run', timeout);
    }
    return next;
  }
}

/** Not by `attempt`, which counts the last attempt while a retry waits. */
function hasRun({ failures, crashes }: Task): boolean {
  return failures + crashes > 0;
}

function earlier(than: Due | undefined, at: number, phase: Due['phase'], limitMs: number): Due {
  return than && than.at <= at ? than : { at, phase, limitMs };
}

/** Gives handlers that are asked to stop the time to do so: at most one timer for each worker. */
export class GraceTimers {
  readonly #ms: number;
  readonly #onOver: (worker: PooledWorker<Task>) => void;
  readonly #timers = new Map<Task, NodeJS.Timeout | undefined>();

  /**
   * @param ms - The time, in milliseconds; Infinity for no limit.
   * @param onOver - Called with a worker whose handler has not stopped.
   */
  constructor(ms: number, onOver: (worker: PooledWorker<Task>) => void) {
    this.#ms = ms;
    this.#onOver = onOver;
  }

  start(task: Task, worker: PooledWorker<Task>): void {
    if (this.#ms === Infinity || this.#timers.has(task)) {
      return;
    }
    const end = (): void => {
      if (this.#timers.delete(task)) {
        this.#onOver(worker);
      }
    };
    // When this thread was blocked, the worker's message may be waiting behind the timer.
    const over = (): NodeJS.Immediate => setImmediate(end);
    if (this.#ms === 0) {
      // A timer would take a millisecond.
      this.#timers.set(task, undefined);
      over();
    } else {
      this.#timers.set(task, setTimeout(over, Math.min(this.#ms, LONGEST_TIMER_MS)));
    }
  }

  /** The worker has let go of the task. */
  stop(task: Task): void {
    if (this.#timers.size > 0) {
      clearTimeout(this.#timers.get(task));
      this.#timers.delete(task);
    }
  }
}

/** How often workers are looked at that have attempts, in ms. */
const LOOK_MS = 1_000;
/** How often in a row a worker may be found to have begun none of them: it has begun none for 5 seconds. */
const MOST_LOOKS = 5;

/**
 * Watches over the time between sent and begun. Something that a handler left behind (a timer, a stream) may
 * block the event loop of its worker, which then receives nothing: no time limit of a task would ever pass,
 * because those of a run count from its begin. One timer for all workers, and none while nothing is sent.
 *
 * Looks are counted rather than time: while this thread is blocked there are none, and the messages of its
 * workers are not to blame. A worker also begins late when an argument takes long to read. So the limit
 * doubles each time that a task comes back from such a worker.
 */
export class BeginWatch {
  readonly #workers: () => Iterable<PooledWorker<Task>>;
  readonly #onBlocked: (worker: PooledWorker<Task>) => void;
  #timer: NodeJS.Timeout | undefined = undefined;

  /**
   * @param workers - All workers of the pool.
   * @param onBlocked - Called with a worker that begins nothing.
   */
  constructor(
    workers: () => Iterable<PooledWorker<Task>>,
    onBlocked: (worker: PooledWorker<Task>) => void,
  ) {
    this.#workers = workers;
    this.#onBlocked = onBlocked;
  }

  /** The worker was sent an attempt. */
  noteSent({ lane }: PooledWorker<Task>): void {
    // An attempt in the application's own thread begins at once, and the tests of users count timers.
    if (this.#timer === undefined && !lane.takesOneAtATime) {
      this.#timer = setTimeout(this.#onTimer, LOOK_MS).unref();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Looks after the messages that have arrived. */
  readonly #onTimer = (): void => {
    setImmediate(this.#look);
  };

  readonly #look = (): void => {
    this.#timer = undefined;
    const blocked: PooledWorker<Task>[] = [];
    for (const worker of this.#workers()) {
      const { lane } = worker;
      if (lane.load > 0 && worker.state !== 'ending') {
        this.noteSent(worker);
        const held = lane.held();
        const hasBegun = held.some((task) => lane.isStarted(task));
        worker.unbegunLooks = hasBegun ? 0 : worker.unbegunLooks + 1;
        const returns = Math.max(0, ...held.map((task) => task.returns));
        if (worker.unbegunLooks > MOST_LOOKS * 2 ** returns) {
          blocked.push(worker);
        }
      }
    }
    for (const worker of blocked) {
      this.#onBlocked(worker);
    }
  };
}
