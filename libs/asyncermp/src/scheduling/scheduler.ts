import type { Observable } from 'rxjs';
import type { FleetOptions } from '../pools/fleet.js';
import type { LaneFactory } from '../pools/lane.js';
import { LONGEST_TIMER_MS } from '../protocol/monotonic-clock.js';
import { rules } from '../tasks/check-options.js';
import type { CompletedQueue } from '../tasks/completed-queue.js';
import { ConfigurationError, ShutdownError, withoutStack } from '../tasks/errors.js';
import type { MapOptions } from '../tasks/map-options.js';
import type { PoolLog } from '../tasks/pool-log.js';
import type { PoolStats } from '../tasks/pool-stats.js';
import type { TaskSettledEvent } from '../tasks/task.events.js';
import type { TaskHandle } from '../tasks/task-handle.js';
import type { TaskOptions } from '../tasks/task-options.js';
import type { Backend } from './backend.js';
import type { HandlerRecord } from './handler-record.js';
import { Intake, type IntakeOptions } from './intake.js';
import { LocalTaskHandle } from './local-task-handle.js';
import { Mapping, type MapHost } from './mapping.js';
import { Task } from './task.js';
import type { LifecycleListener } from './lifecycle-listener.js';
import { subjectOf } from './task-errors.js';
import { TaskLifecycle } from './task-lifecycle.js';
import type { TaskPublisher } from './task-publisher.js';
import { TaskRegistry } from './task-registry.js';
import { untoldCallers } from './untold-callers.js';

/** How the pool works. Times in milliseconds. */
export interface SchedulerOptions extends FleetOptions, IntakeOptions {
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
  readonly #awaitingIdle: (() => void)[] = [];
  #closing: Promise<void> | undefined = undefined;

  constructor(
    private readonly options: SchedulerOptions,
    private readonly publisher: TaskPublisher,
    private readonly log: PoolLog,
    factory: LaneFactory<Task>,
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
    handler: HandlerRecord,
    args: readonly unknown[],
    options?: TaskOptions,
  ): Promise<TaskHandle> {
    const task = await this.#intake.accept(handler, args, options);
    return new LocalTaskHandle(task, this.#lifecycle);
  }

  run(handler: HandlerRecord, args: readonly unknown[], options?: TaskOptions): Promise<unknown> {
    try {
      const accepted = this.#intake.accept(handler, args, options);
      return accepted instanceof Task ? accepted.promise : accepted.then((task) => task.promise);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  map(
    handler: HandlerRecord,
    items: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    return new Mapping(this, handler, items, options).results();
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
    await untoldCallers.done();
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
