import type { WaitForApplication } from '../pool/channels/channel.js';
import type { PooledWorker } from '../pool/worker-set.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { clearTimeout, setTimeout } from '../protocol/real-timers.js';
import type { Task } from './task.js';

/**
 * How long an attempt waits for the application before it lends its permit. Most calls are answered sooner: to
 * lend for them would only let other attempts in before the answer.
 */
const LEND_AFTER_MS = 20;

const NOW = Promise.resolve();

/** What lending a permit, and taking one back, does to the pool. */
interface Permits {
  /** Gives up the worker's permit for others. False if no more workers may run in place of such. */
  tryLend(worker: PooledWorker<Task>): boolean;
  /** These workers have lent their permits. Code of the user may run. */
  lent(workers: readonly PooledWorker<Task>[]): void;
  /** Gives the worker a permit again, if one is free. */
  tryTakeBack(worker: PooledWorker<Task>): boolean;
  /** The same, even if none is free. */
  takeBack(worker: PooledWorker<Task>): void;
}

/**
 * The permits of attempts that wait for an answer of the application: a method there may wait for another task
 * of the pool, which would never find a permit if all were held by attempts that wait.
 *
 * An attempt that has waited for a while lends its permit. Its answer then waits until a permit is free, and
 * goes before all tasks in the queue, so that never more attempts run than there are permits. An attempt that is
 * stopped or ends takes a permit back at once, since it may run without an answer.
 */
export class LentPermits {
  readonly #permits: Permits;
  /** The attempts that wait, or have waited, for the application. */
  readonly #waiting = new Map<Task, Waiting>();
  /** Those whose answer is there and who have no permit, in the order of the answers. */
  readonly #returning = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(permits: Permits) {
    this.#permits = permits;
  }

  /** The worker's attempt calls the application, and waits for the answer. */
  begin(task: Task, worker: PooledWorker<Task>): WaitForApplication {
    let waiting = this.#waiting.get(task);
    if (!waiting) {
      waiting = new Waiting(worker);
      this.#waiting.set(task, waiting);
    }
    if (waiting.calls++ === 0) {
      waiting.since = monotonicMs();
    }
    this.#watch();
    return { end: (deliver) => this.#answered(waiting, deliver) };
  }

  /** The attempt is asked to stop, or has ended: from here on it waits for nothing. */
  stop(task: Task): void {
    // Called for each attempt: most pools have none that waits.
    const waiting = this.#waiting.size > 0 ? this.#waiting.get(task) : undefined;
    if (waiting) {
      this.#waiting.delete(task);
      waiting.isOver = true;
      if (waiting.hasLent) {
        this.#permits.takeBack(waiting.worker);
        this.#resume(waiting);
      }
    }
  }

  /** Permits may be free: the attempts that have an answer come first. */
  serve(): void {
    for (const waiting of this.#returning) {
      if (!this.#permits.tryTakeBack(waiting.worker)) {
        return;
      }
      this.#resume(waiting);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #answered(waiting: Waiting, deliver: () => void): void {
    waiting.calls--;
    if (!waiting.hasLent) {
      deliver();
      return;
    }
    waiting.answers.push(deliver);
    this.#returning.add(waiting);
    this.serve();
  }

  #resume(waiting: Waiting): void {
    this.#returning.delete(waiting);
    waiting.hasLent = false;
    waiting.since = monotonicMs();
    for (const deliver of waiting.answers.splice(0)) {
      // Later: to send an answer runs code of the user, and permits change hands now.
      void NOW.then(deliver);
    }
    if (waiting.calls > 0 && !waiting.isOver) {
      this.#watch();
    }
  }

  #watch(): void {
    this.#timer ??= setTimeout(this.#look, LEND_AFTER_MS).unref();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const due = monotonicMs() - LEND_AFTER_MS;
    const lenders: PooledWorker<Task>[] = [];
    for (const waiting of this.#waiting.values()) {
      if (waiting.calls === 0 || waiting.hasLent) {
        continue;
      }
      waiting.hasLent = waiting.since <= due && this.#permits.tryLend(waiting.worker);
      if (waiting.hasLent) {
        lenders.push(waiting.worker);
      } else {
        this.#watch();
      }
    }
    if (lenders.length > 0) {
      // Last: it sends other tasks, whose getters may stop any of these attempts.
      this.#permits.lent(lenders);
    }
  };
}

/** An attempt that waits for the application. */
class Waiting {
  readonly worker: PooledWorker<Task>;
  /** Its calls without an answer. */
  calls = 0;
  /** Since when it has calls without an answer, or has its permit back, in `monotonicMs`. */
  since = 0;
  hasLent = false;
  /** Whether it was stopped or has ended. */
  isOver = false;
  /** Answers that are to be delivered once it has a permit. */
  readonly answers: (() => void)[] = [];

  constructor(worker: PooledWorker<Task>) {
    this.worker = worker;
  }
}
