import type { Observable } from 'rxjs';
import type { WorkerPoolOptions } from '../pool/worker-pool.js';
import type { WorkerFactory } from '../pool/lane.js';
import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import { rules } from '../contract/check-options.js';
import type { CompletedQueue } from '../contract/completed-queue.js';
import { ConfigurationError, ShutdownError, withoutStack } from '../contract/errors.js';
import type { MapOptions } from '../contract/map-options.js';
import type { PoolLog } from '../pool/pool-log.js';
import type { PoolStats } from '../contract/pool-stats.js';
import type { TaskSettledEvent } from '../contract/task-events.js';
import type { TaskHandle, TaskState } from '../contract/task-handle.js';
import type { TaskDefaults, TaskOptions } from '../contract/task-options.js';
import type { Backend, TaskHandler } from '../contract/backend.js';
import { HandlerRecord } from './handler-record.js';
import { Intake, type IntakeOptions } from './admission.js';
import { Mapping, type MapHost } from './map.js';
import { Task } from './task.js';
import { type LifecycleListener, TaskLifecycle } from './task-lifecycle.js';
import { subjectOf } from './task-errors.js';
import type { TaskPublisher } from './task-publisher.js';
import { TaskRegistry } from './task-registry.js';
import { pendingRejections } from './settle.js';

/** How the pool works. Times in milliseconds. */
export interface SchedulerOptions extends WorkerPoolOptions, IntakeOptions {
  /** Options of every task, where neither its call nor its handler says otherwise. */
  readonly defaults: TaskDefaults;
  readonly cancelGrace: number;
  readonly shutdownTimeout: number;
  /** How many settled tasks can still be found, and how many MB their results may have. */
  readonly retain: number;
  readonly retainMemory: number;
}

/** The backend of one process: tasks wait in its memory, and run on its workers. */
export class Scheduler implements Backend, LifecycleListener, MapHost {
  readonly #registry: TaskRegistry;
  readonly #lifecycle: TaskLifecycle;
  readonly #intake: Intake;
  readonly #records: HandlerRecord[] = [];
  readonly #awaitingIdle: (() => void)[] = [];
  #closing: Promise<void> | undefined = undefined;

  constructor(
    private readonly options: SchedulerOptions,
    private readonly publisher: TaskPublisher,
    private readonly log: PoolLog,
    factory: WorkerFactory<Task>,
  ) {
    this.#registry = new TaskRegistry(options.retain, options.retainMemory);
    this.#lifecycle = new TaskLifecycle(this.#registry, publisher, log, this, factory, options);
    this.#intake = new Intake(this.#lifecycle, this.#registry, options);
  }

  get completedQueue(): CompletedQueue {
    return this.publisher.completedQueue;
  }

  get completed$(): Observable<TaskSettledEvent> {
    return this.publisher.completed$;
  }

  async submit(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
  ): Promise<TaskHandle> {
    const task = await this.#intake.accept(this.#recordOf(handler), args, options);
    return new LocalTaskHandle(task, this.#lifecycle);
  }

  run(handler: TaskHandler, args: readonly unknown[], options?: TaskOptions): Promise<unknown> {
    try {
      const accepted = this.#intake.accept(this.#recordOf(handler), args, options);
      return accepted instanceof Task ? accepted.promise : accepted.then((task) => task.promise);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  map(
    handler: TaskHandler,
    items: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    return new Mapping(this, this.#recordOf(handler), items, options).results();
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
    const { queue, retrying, counts, dispatcher } = this.#lifecycle;
    const { semaphore, workers, isPaused } = dispatcher;
    return {
      maxProcesses: semaphore.limit,
      waiting: queue.size,
      running: semaphore.held,
      retrying,
      admitting: this.#intake.waiting,
      ...counts,
      workers,
      paused: isPaused,
    };
  }

  pause(): void {
    this.#lifecycle.dispatcher.pause();
  }

  resume(): void {
    this.#lifecycle.dispatcher.resume();
  }

  resize(maxProcesses: number): void {
    const { test, expected } = rules.wholeFrom(1);
    if (!test(maxProcesses)) {
      throw new ConfigurationError(`resize() takes ${expected}, and got ${String(maxProcesses)}`);
    }
    this.#lifecycle.dispatcher.resize(maxProcesses);
  }

  drain(): Promise<void> {
    return this.#isIdle
      ? Promise.resolve()
      : new Promise((resolve) => this.#awaitingIdle.push(resolve));
  }

  warmUp(): Promise<void> {
    return this.#lifecycle.dispatcher.warmUp();
  }

  shutdown(): Promise<void> {
    return (this.#closing ??= this.#shutdown());
  }

  // ---- what a mapping asks

  get maxProcesses(): number {
    return this.#lifecycle.dispatcher.semaphore.limit;
  }

  acceptItems(...call: Parameters<MapHost['acceptItems']>): Task | Promise<Task> {
    return this.#intake.acceptItems(...call);
  }

  cancelTask(task: Task, reason: unknown): void {
    this.#lifecycle.cancel(task, reason);
  }

  // ---- what the lifecycle tells

  onRoom(): void {
    this.#intake.admit();
  }

  onIdle(): void {
    if (this.#isIdle) {
      for (const resolve of this.#awaitingIdle.splice(0)) {
        resolve();
      }
    }
  }

  refuse(task: Task, error: unknown): boolean {
    const wasWaiting = this.#intake.refuse(task, error);
    // It may have been the last one that was waited for.
    this.onIdle();
    return wasWaiting;
  }

  #recordOf(handler: TaskHandler): HandlerRecord {
    return (this.#records[handler.index] ??= new HandlerRecord(handler, this.options.defaults));
  }

  get #isIdle(): boolean {
    return this.#lifecycle.inFlight === 0 && this.#intake.waiting === 0;
  }

  async #shutdown(): Promise<void> {
    const { shutdownTimeout } = this.options;
    const { counts } = this.#lifecycle;
    const before = { ...counts, inFlight: this.#lifecycle.inFlight };
    this.#intake.close();
    this.onIdle();
    let lost = 0;
    if (this.#lifecycle.dispatcher.isPaused) {
      lost += this.#giveUp((task) => task.state !== 'running');
    }
    await this.#drainWithin(shutdownTimeout);
    // Nothing more begins while the rest is given up.
    this.#lifecycle.dispatcher.pause();
    lost += this.#giveUp(() => true);
    const cancelled = counts.cancelled - before.cancelled;
    if (before.inFlight > 0) {
      const finished = before.inFlight - cancelled - lost;
      this.log.shutdown(before.inFlight, { finished, cancelled, lost }, shutdownTimeout);
    }
    await this.#lifecycle.close();
    await pendingRejections.done();
  }

  /** Settles tasks that will not finish any more. Returns how many. */
  #giveUp(which: (task: Task) => boolean): number {
    const tasks = this.#registry.unsettled().filter(which);
    for (const task of tasks) {
      const error = withoutStack(() => new ShutdownError(subjectOf(task), 'unfinished'));
      this.#lifecycle.end(task, 'failed', error);
    }
    return tasks.length;
  }

  /** Until nothing is in flight, but no longer than that. */
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
export class LocalTaskHandle implements TaskHandle {
  readonly #task: Task;
  readonly #lifecycle: TaskLifecycle;

  constructor(task: Task, lifecycle: TaskLifecycle) {
    this.#task = task;
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
    this.#task.watch();
    return this.#task.promise;
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
