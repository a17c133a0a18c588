import { monotonicMs, LONGEST_TIMER_MS } from '../protocol/monotonic-clock.js';
import type { TimeoutPhase } from '../contract/errors.js';
import { DeadlineTimers } from './deadline-timers.js';
import type { Task } from './task.js';
import type { PooledWorker } from '../pool/worker-set.js';

/** What happens when a time is up. */
export interface TimeLimitListener {
  onTimeLimit(task: Task, phase: TimeoutPhase, limitMs: number): void;
  /** The backoff of a task that is to be tried again is over. */
  onRetryDue(task: Task): void;
}

interface Due {
  readonly at: number;
  readonly phase: TimeoutPhase | 'retry';
  readonly limitMs: number;
}

/**
 * Watches over the time limits of tasks. At any moment only the nearest one of a task matters, so a task
 * has at most one timer.
 */
export class TimeLimits {
  // A task with a time limit is in flight, and so may hold the process.
  readonly #timers = new DeadlineTimers<Task>((task) => this.#check(task), { ref: true });
  readonly #retryAt = new WeakMap<Task, number>();

  constructor(private readonly listener: TimeLimitListener) {}

  /** The task has come to another phase: what it waits for now is watched. */
  watch(task: Task): void {
    this.forget(task);
    const next = task.policy.isLimited || task.phase === 'retrying' ? this.#next(task) : undefined;
    if (next) {
      task.rare.timer = this.#timers.add(next.at, task);
    }
  }

  /** The task is settled: no time matters any more. */
  forget(task: Task): void {
    if (task.timer) {
      this.#timers.cancel(task.timer);
      task.rare.timer = undefined;
    }
  }

  /** Has {@link TimeLimitListener.onRetryDue} called after the delay, in milliseconds. */
  retryIn(task: Task, delayMs: number): void {
    this.#retryAt.set(task, monotonicMs() + delayMs);
    this.watch(task);
  }

  close(): void {
    this.#timers.close();
  }

  /** How many timers are set. */
  get size(): number {
    return this.#timers.size;
  }

  #check(task: Task): void {
    task.rare.timer = undefined;
    const next = this.#next(task);
    if (!next) {
      return;
    }
    if (next.at > monotonicMs()) {
      // It was set from when the attempt was sent, and the attempt began later.
      task.rare.timer = this.#timers.add(next.at, task);
    } else if (next.phase === 'retry') {
      this.#retryAt.delete(task);
      this.listener.onRetryDue(task);
    } else {
      this.listener.onTimeLimit(task, next.phase, next.limitMs);
    }
  }

  /** The nearest of the times that count in the task's phase. */
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
    if (task.phase === 'sent' && timeout !== Infinity && !task.verdict) {
      next = earlier(next, (startedAt ?? monotonicMs()) + timeout, 'run', timeout);
    }
    return next;
  }
}

/** Not by `attempt`, which still counts the last one while a retry waits. */
function hasRun({ failures, crashes }: Task): boolean {
  return failures + crashes > 0;
}

function earlier(than: Due | undefined, at: number, phase: Due['phase'], limitMs: number): Due {
  return than && than.at <= at ? than : { at, phase, limitMs };
}

/** Gives handlers that were told to stop the time to do so: at most one timer for each worker. */
export class GraceTimers {
  readonly #timers = new Map<Task, NodeJS.Timeout | undefined>();

  /**
   * @param ms - The time, in milliseconds; Infinity for as long as it takes.
   * @param onOver - Called with the worker whose handler did not stop.
   */
  constructor(
    private readonly ms: number,
    private readonly onOver: (worker: PooledWorker<Task>) => void,
  ) {}

  start(task: Task, worker: PooledWorker<Task>): void {
    if (this.ms !== Infinity && !this.#timers.has(task)) {
      const end = (): void => {
        if (this.#timers.delete(task)) {
          this.onOver(worker);
        }
      };
      // When this thread was blocked, the worker's word that it let go may be waiting behind the timer.
      const over = (): NodeJS.Immediate => setImmediate(end);
      if (this.ms === 0) {
        // A timer would take a millisecond.
        this.#timers.set(task, undefined);
        over();
      } else {
        this.#timers.set(task, setTimeout(over, Math.min(this.ms, LONGEST_TIMER_MS)));
      }
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
