import type { Lane, WorkerFactory } from '../pool/lane.js';
import type { WorkerPoolOptions } from '../pool/worker-pool.js';
import { decodeError, type EncodedError } from '../protocol/error-codec.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import type { CrashDetails, TimeoutPhase } from '../contract/errors.js';
import type { PoolLog } from '../pool/pool-log.js';
import { roughBytes } from './recent-items.js';
import type { SettledState } from '../contract/task-handle.js';
import { type AttemptListener, Dispatcher } from './dispatcher.js';
import { Cancellation, crashed, notStarted, timedOut } from './task-errors.js';
import { ReadyQueue } from './ready-queue.js';
import { SignalWatch } from './abort-signals.js';
import type { Task } from './task.js';
import type { TaskPublisher } from './task-publisher.js';
import type { TaskRegistry } from './task-registry.js';
import { TimeLimits, type TimeLimitListener } from './time-limits.js';
import type { Backoff } from '../contract/task-options.js';

/**
 * Sees each accepted task to its one outcome. It alone changes a task's state: whatever happens to a
 * task (an attempt ends, a limit passes, somebody cancels it) comes to a method here. Where attempts run
 * is the dispatcher's matter, and when a limit passes is the clock's.
 */
export class TaskLifecycle implements AttemptListener, TimeLimitListener {
  readonly queue = new ReadyQueue();
  readonly dispatcher: Dispatcher;
  readonly counts: TaskCounts = {
    accepted: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    retried: 0,
  };
  readonly #limits = new TimeLimits(this);
  readonly #signals = new SignalWatch((task, why) => this.#cancel(task, why));
  #inFlight = 0;
  #retrying = 0;

  constructor(
    private readonly registry: TaskRegistry,
    private readonly publisher: TaskPublisher,
    private readonly log: PoolLog,
    private readonly listener: LifecycleListener,
    factory: WorkerFactory<Task>,
    options: WorkerPoolOptions & { readonly cancelGrace: number },
  ) {
    this.dispatcher = new Dispatcher(this.queue, this, factory, options, log);
  }

  /** Tasks that are accepted and not settled. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Tasks that wait for the end of their backoff. */
  get retrying(): number {
    return this.#retrying;
  }

  // ---- what users ask

  /** The task can be found, and its signal counts, also while it is not accepted yet. */
  announce(task: Task): void {
    this.registry.add(task);
    this.#signals.add(task);
  }

  /** The task is not going to be accepted. */
  withhold(task: Task): void {
    this.registry.forget(task);
    this.#signals.remove(task);
  }

  /** Accepts an announced task. */
  enter(task: Task): void {
    task.acceptedAt = monotonicMs();
    this.#inFlight++;
    this.counts.accepted++;
    this.#enqueue(task);
    this.publisher.queued(task);
    this.dispatcher.arrive();
  }

  /** False if the task has settled already. */
  cancel(task: Task, reason: unknown): boolean {
    return this.#cancel(task, new Cancellation(reason));
  }

  /** False if the task no longer waits. */
  reprioritise(task: Task, priority: number): boolean {
    // What was handed over with it cannot be sent again.
    if (task.phase === 'sent' && !task.transferList && this.dispatcher.takeBack(task)) {
      this.queue.restore(task);
    }
    if (task.phase !== 'queued' || !this.queue.reprioritise(task, priority)) {
      return false;
    }
    this.dispatcher.overtake(priority);
    this.dispatcher.pump();
    return true;
  }

  /** Settles a task whatever it is doing; a worker that still runs it is told to stop. */
  end(task: Task, state: SettledState, value: unknown): void {
    this.#withdraw(task, value);
    this.#settle(task, state, value);
  }

  async close(): Promise<void> {
    await this.dispatcher.close();
    this.#limits.close();
    this.publisher.close();
  }

  // ---- what the dispatcher reports

  wantsStart(task: Task): boolean {
    return this.publisher.wantsStart(task);
  }

  onSent(task: Task): void {
    this.#limits.watch(task);
  }

  onRoom(): void {
    this.listener.onRoom();
  }

  onStarted(task: Task, lane: Lane<Task>): void {
    const startedAt = lane.startedAt(task);
    if (startedAt !== undefined && !task.isSettled) {
      task.startedAt = startedAt;
      this.publisher.started(task, task.waitMs(startedAt), lane.id);
    }
  }

  onProgress(task: Task, value: unknown): void {
    if (!task.isSettled && !task.verdict) {
      task.rare.progress = value;
      this.publisher.progress(task);
    }
  }

  onCompleted(task: Task, result: unknown, startedAt: number): void {
    if (task.isSettled) {
      return;
    }
    task.startedAt = startedAt;
    if (task.verdict) {
      this.#failed(task, task.verdict.error);
    } else {
      this.#settle(task, 'completed', result);
    }
  }

  onFailed(task: Task, error: EncodedError, startedAt: number): void {
    if (!task.isSettled) {
      task.startedAt = startedAt;
      this.#failed(task, task.verdict ? task.verdict.error : decodeError(error));
    }
  }

  onLost(task: Task, crash: CrashDetails | undefined, startedAt: number | undefined): void {
    if (task.isSettled) {
      return;
    }
    task.startedAt = startedAt;
    if (task.verdict) {
      this.#failed(task, task.verdict.error);
    } else {
      this.#retryOrFail(task, crashed(task, crash), pauseAfterCrash(task));
    }
  }

  onUnsendable(task: Task, error: unknown): void {
    this.#settle(task, 'failed', error);
  }

  onNoWorkers(error: unknown): void {
    for (const task of this.queue.clear()) {
      this.#settle(task, 'failed', notStarted(task, error));
    }
  }

  // ---- what the clock reports

  onTimeLimit(task: Task, phase: TimeoutPhase, limitMs: number): void {
    if (phase === 'queue' && task.phase === 'sent' && !this.dispatcher.takeBack(task)) {
      // It began this very moment, and so waits no longer.
      this.#limits.watch(task);
      return;
    }
    const error = timedOut(task, phase, limitMs);
    this.#withdraw(task, error);
    const isLastTry = phase !== 'run' || task.failures + 1 >= task.policy.attempts;
    if (task.lane === undefined || isLastTry) {
      this.#settle(task, 'failed', error);
    } else {
      // It is tried again when the worker has let go of it: never two attempts at a time.
      task.rare.verdict = { error };
      this.#limits.watch(task);
    }
  }

  onRetryDue(task: Task): void {
    this.#retrying--;
    this.#enqueue(task);
    this.dispatcher.pump();
  }

  // ---- transitions

  #cancel(task: Task, why: Cancellation): boolean {
    switch (task.phase) {
      case 'new':
        this.withhold(task);
        return this.listener.refuse(task, why.errorOf(task));
      case 'sent':
        // Its worker is told the error.
        this.end(task, 'cancelled', why.errorOf(task));
        return true;
      case 'queued':
      case 'retrying':
        this.end(task, 'cancelled', why);
        return true;
      default:
        return false;
    }
  }

  #enqueue(task: Task): void {
    task.enqueue();
    this.queue.push(task);
    this.#limits.watch(task);
    // What was sent ahead must not run before a more urgent task.
    this.dispatcher.overtake(task.priority);
  }

  /** Takes a task out of wherever it is; one that runs is told, and its lane lets go of it later. */
  #withdraw(task: Task, reason: unknown): void {
    if (task.phase === 'queued') {
      this.queue.remove(task);
    } else if (task.phase === 'retrying') {
      this.#retrying--;
    } else if (task.phase === 'sent' && !this.dispatcher.takeBack(task)) {
      this.dispatcher.stop(task, reason);
    }
  }

  #failed(task: Task, error: unknown): void {
    this.#retryOrFail(task, error, pauseAfterFailure(task, error, this.log));
  }

  #retryOrFail(task: Task, error: unknown, pauseMs: number | undefined): void {
    if (pauseMs === undefined) {
      this.#settle(task, 'failed', error);
      return;
    }
    task.awaitRetry();
    this.counts.retried++;
    this.#retrying++;
    this.#limits.retryIn(task, pauseMs);
    this.publisher.retrying(task, error, pauseMs);
  }

  #settle(task: Task, state: SettledState, value: unknown): void {
    this.#limits.forget(task);
    this.#signals.remove(task);
    task.settle(state, value, monotonicMs());
    this.#inFlight--;
    this.counts[state]++;
    const bytes = state === 'completed' ? roughBytes(value) : 0;
    this.registry.settled(task, bytes);
    this.publisher.settled(task, bytes);
    this.listener.onRoom();
    if (this.#inFlight === 0) {
      this.listener.onIdle();
    }
  }
}

/** Whom the lifecycle tells what concerns intake. */
export interface LifecycleListener {
  /** A task has left the queue, so there may be room for another one. */
  onRoom(): void;
  /** Nothing is in flight any more. */
  onIdle(): void;
  /** Turns away a task that was never let in; false if it does not wait to be. */
  refuse(task: Task, error: unknown): boolean;
}

/** How many tasks there were, and what became of them. */
export interface TaskCounts {
  accepted: number;
  completed: number;
  failed: number;
  cancelled: number;
  retried: number;
}

/**
 * Counts a failure of the handler, and says after which pause the task is tried again, in milliseconds;
 * undefined if it is not.
 */
export function pauseAfterFailure(task: Task, error: unknown, log: PoolLog): number | undefined {
  const { attempts, retryOn, backoff } = task.policy;
  task.rare.failures++;
  if (task.failures >= attempts) {
    return undefined;
  }
  try {
    if (retryOn && !retryOn(error)) {
      return undefined;
    }
  } catch (thrown) {
    log.retryOnThrew(task.uid, task.handlerName, thrown);
    return undefined;
  }
  return backoffDelayMs(backoff, task.failures);
}

/** The same for a worker that died under the task, which has a count of its own. */
export function pauseAfterCrash(task: Task): number | undefined {
  const { crashAttempts, backoff } = task.policy;
  task.rare.crashes++;
  return task.crashes < crashAttempts ? backoffDelayMs(backoff, task.crashes) : undefined;
}

const DEFAULT_FACTOR = 2;
const DEFAULT_MAX_DELAY_MS = 60_000;
const DEFAULT_JITTER = 0.5;

/**
 * How long to wait before the next attempt, in milliseconds.
 *
 * @param backoff - As in the task's options; without it there is no wait.
 * @param failures - How many attempts have failed, from 1.
 * @param random - A number from 0 up to 1, from which the jitter is made.
 */
export function backoffDelayMs(
  backoff: Backoff | undefined,
  failures: number,
  random: () => number = Math.random,
): number {
  if (backoff === undefined) {
    return 0;
  }
  if (typeof backoff === 'number') {
    return backoff;
  }
  const exponential = backoff.type === 'exponential';
  const jitter = backoff.jitter ?? (exponential ? DEFAULT_JITTER : 0);
  const delayMs = exponential ? grown(backoff, failures) : backoff.delay;
  // The default bound is for delays that grow: a fixed delay of an hour is meant as one.
  const maxDelayMs = backoff.maxDelay ?? (exponential ? DEFAULT_MAX_DELAY_MS : delayMs);
  return Math.min(delayMs, maxDelayMs) * (1 - jitter * random());
}

function grown({ delay, factor = DEFAULT_FACTOR }: Exclude<Backoff, number>, failures: number) {
  // A power grows to Infinity, which times a delay of 0 would be no number.
  return delay * Math.min(factor ** (failures - 1), Number.MAX_VALUE);
}
