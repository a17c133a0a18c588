import type { Observable } from 'rxjs';
import type { Backend, TaskHandler } from '../contract/backend.js';
import { rules } from '../contract/check-options.js';
import type { CompletedQueue } from '../contract/completed-queue.js';
import {
  ConfigurationError,
  ShutdownError,
  TaskCancelledError,
  withoutStack,
} from '../contract/errors.js';
import type { SubmitExtras } from '../contract/interceptor.js';
import type { MapOptions } from '../contract/map-options.js';
import type { PoolStats } from '../contract/pool-stats.js';
import type { TaskSettledEvent } from '../contract/task-events.js';
import type { TaskHandle, TaskState } from '../contract/task-handle.js';
import type { TaskDefaults, TaskOptions } from '../contract/task-options.js';
import type { WorkerFactory } from '../pool/lane.js';
import type { PoolLog } from '../pool/pool-log.js';
import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import { clearTimeout, setTimeout } from '../protocol/real-timers.js';
import type { Accepted } from './callers.js';
import { HandlerRecord } from './handler-record.js';
import { Mapping, type MapHost } from './map.js';
import { prepareChunk, prepareTask, signalsOf } from './submission.js';
import { subjectOf } from './task-errors.js';
import { TaskLifecycle, type LifecycleOptions } from './task-lifecycle.js';
import type { TaskPublisher } from './task-publisher.js';
import { TaskRegistry, type RetainLimits } from './task-registry.js';
import type { Task } from './task.js';

/** How the scheduler works. Times in milliseconds. */
interface SchedulerOptions extends LifecycleOptions, RetainLimits {
  /** Options of every task, where neither its call nor its handler says otherwise. */
  readonly defaults: TaskDefaults;
  /** Whether nothing may lose its class, where the handler says nothing else. */
  readonly strictClasses: boolean;
  readonly shutdownTimeout: number;
}

/** The backend of one process: tasks wait in its memory, and run on its workers. */
export class Scheduler implements Backend {
  readonly #options: SchedulerOptions;
  readonly #publisher: TaskPublisher;
  readonly #log: PoolLog;
  readonly #registry: TaskRegistry;
  readonly #lifecycle: TaskLifecycle;
  /** By the handlers' indexes. */
  readonly #records: HandlerRecord[] = [];
  /** Aborted when intake stops. */
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined = undefined;

  constructor(
    options: SchedulerOptions,
    publisher: TaskPublisher,
    log: PoolLog,
    factory: WorkerFactory<Task>,
  ) {
    this.#options = options;
    this.#publisher = publisher;
    this.#log = log;
    this.#registry = new TaskRegistry(options);
    this.#lifecycle = new TaskLifecycle(options, factory, this.#registry, publisher, log);
  }

  get completedQueue(): CompletedQueue {
    return this.#publisher.completedQueue;
  }

  get completed$(): Observable<TaskSettledEvent> {
    return this.#publisher.completed$;
  }

  async submit(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
    extras?: SubmitExtras,
  ): Promise<TaskHandle> {
    const accepted = await this.#accept(handler, args, options, extras);
    return new LocalTaskHandle(accepted, this.#lifecycle);
  }

  run(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
    extras?: SubmitExtras,
  ): Promise<unknown> {
    try {
      const accepted = this.#accept(handler, args, options, extras);
      return accepted instanceof Promise
        ? accepted.then(({ promise }) => promise)
        : accepted.promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  map(
    handler: TaskHandler,
    items: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
    extras?: SubmitExtras,
  ): AsyncGenerator<unknown, void, undefined> {
    const record = this.#recordOf(handler);
    const lifecycle = this.#lifecycle;
    const host: MapHost = {
      get maxProcesses() {
        return lifecycle.maxProcesses;
      },
      signals: [...(signalsOf(options.signal, extras?.signals) ?? []), this.#closed.signal],
      errorOf: (signal) =>
        signal === this.#closed.signal
          ? new ShutdownError({ handler: handler.name }, 'submitted')
          : new TaskCancelledError({ handler: handler.name }, signal.reason),
      prepare: (chunk, first, mode, taskOptions) =>
        prepareChunk(record, chunk, first, mode, taskOptions, extras),
      submit: (task) => lifecycle.submit(task),
      cancel: (task, reason) => void lifecycle.cancel(task, reason),
    };
    return new Mapping(host, record, items, options).results();
  }

  get(uid: string): TaskHandle | undefined {
    const task = this.#registry.get(uid);
    return task && new LocalTaskHandle(task, this.#lifecycle);
  }

  cancel(uid: string, reason?: unknown): boolean {
    const task = this.#registry.inFlight(uid);
    return task !== undefined && this.#lifecycle.cancel(task, reason);
  }

  stats(): PoolStats {
    return this.#lifecycle.stats;
  }

  async pause(): Promise<void> {
    this.#lifecycle.pause();
  }

  async resume(): Promise<void> {
    this.#lifecycle.resume();
  }

  resize(maxProcesses: number): void {
    const { test, expected } = rules.wholeFrom(1);
    if (!test(maxProcesses)) {
      throw new ConfigurationError(`resize() takes ${expected}, and got ${String(maxProcesses)}`);
    }
    this.#lifecycle.resize(maxProcesses);
  }

  drain(): Promise<void> {
    return this.#lifecycle.drain();
  }

  warmUp(): Promise<void> {
    return this.#lifecycle.warmUp();
  }

  shutdown(): Promise<void> {
    return (this.#closing ??= this.#shutdown());
  }

  #accept(
    handler: TaskHandler,
    args: readonly unknown[],
    options: TaskOptions | undefined,
    extras: SubmitExtras | undefined,
  ): Accepted | Promise<Accepted> {
    return this.#lifecycle.submit(prepareTask(this.#recordOf(handler), args, options, extras));
  }

  #recordOf(handler: TaskHandler): HandlerRecord {
    return (this.#records[handler.index] ??= new HandlerRecord(
      handler,
      this.#options.defaults,
      this.#options.strictClasses,
      (lost, name) => this.#log.lostClass(lost, name),
    ));
  }

  /**
   * Stops intake; drains within `shutdownTimeout`, or at once what a pause holds back; settles the rest and
   * stops its handlers; ends the workers; rejects the last promises.
   */
  async #shutdown(): Promise<void> {
    const lifecycle = this.#lifecycle;
    const before = { ...lifecycle.counts, inFlight: lifecycle.inFlight };
    lifecycle.closeIntake();
    this.#closed.abort();
    let lost = 0;
    if (lifecycle.isPaused) {
      lost += this.#giveUp((task) => task.state !== 'running');
    }
    await this.#drainWithin(this.#options.shutdownTimeout);
    // Nothing more begins while the rest is given up.
    lifecycle.pause();
    lost += this.#giveUp(() => true);
    const cancelled = lifecycle.counts.cancelled - before.cancelled;
    if (before.inFlight > 0) {
      const finished = before.inFlight - cancelled - lost;
      const counts = { finished, cancelled, lost };
      this.#log.shutdown(before.inFlight, counts, this.#options.shutdownTimeout);
    }
    await lifecycle.close();
  }

  /** Fails tasks that will not finish any more. Returns how many. */
  #giveUp(which: (task: Task) => boolean): number {
    let count = 0;
    for (const task of this.#registry.unsettled().filter(which)) {
      // A listener of the tasks before it may have settled it.
      if (!task.isSettled) {
        const error = withoutStack(() => new ShutdownError(subjectOf(task), 'unfinished'));
        this.#lifecycle.end(task, 'failed', error);
        count++;
      }
    }
    return count;
  }

  /** Until nothing is in flight, but no longer than the limit. */
  async #drainWithin(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      if (limitMs !== Infinity) {
        timer = setTimeout(resolve, Math.min(limitMs, LONGEST_TIMER_MS));
      }
    });
    await Promise.race([this.drain(), limit]);
    clearTimeout(timer);
  }
}

/** What users hold of a task of this process. */
class LocalTaskHandle implements TaskHandle {
  readonly #accepted: Accepted;
  readonly #task: Task;
  readonly #lifecycle: TaskLifecycle;

  constructor(accepted: Accepted, lifecycle: TaskLifecycle) {
    this.#accepted = accepted;
    this.#task = accepted.task;
    this.#lifecycle = lifecycle;
  }

  get uid(): string {
    return this.#task.uid;
  }

  get handler(): string {
    return this.#task.handlerName;
  }

  get state(): TaskState {
    return this.#task.state;
  }

  get attempt(): number {
    return this.#task.begunAttempts;
  }

  get progress(): unknown {
    return this.#task.progress;
  }

  get priority(): number {
    return this.#task.priority;
  }

  get waitMs(): number {
    return this.#task.waitMs(this.#end);
  }

  get runMs(): number {
    return this.#task.runMs(this.#end);
  }

  get result(): Promise<unknown> {
    this.#accepted.watch();
    return this.#accepted.promise;
  }

  cancel(reason?: unknown): boolean {
    return this.#lifecycle.cancel(this.#task, reason);
  }

  reprioritise(priority: number): boolean {
    const { test, expected } = rules.finite;
    if (!test(priority)) {
      throw new ConfigurationError(
        `A priority is ${expected}, and not ${String(priority)}`,
        subjectOf(this.#task),
      );
    }
    return this.#lifecycle.reprioritise(this.#task, priority);
  }

  get #end(): number {
    return this.#task.settledAt ?? monotonicMs();
  }
}
