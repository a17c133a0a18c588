import type { HandlerClass, HandlerMethod, HandlerResult } from '../contract/handler-types.js';
import { checkOptions, rules, type OptionRules } from '../contract/check-options.js';
import type { CrashReason } from '../contract/errors.js';
import type { TaskEvent } from '../contract/task-events.js';
import type { Bench } from './bench.js';
import type { EventQuery, RecordedEvent, TaskEventPayloads } from './event-record.js';
import { crash, failure, timeout, type MakeFault } from './faults.js';
import type { HeldTask } from './holds.js';

/** How often a fault happens. */
export interface FaultOptions {
  /** The number of calls that fail: a whole number from 1, or Infinity for all. Default 1. */
  readonly times?: number;
}

/** How a worker dies, and how often. */
export interface CrashFaultOptions extends FaultOptions {
  /** What ends the worker: `process.exit()`, an uncaught error, or a full heap. Default `'exit'`. */
  readonly reason?: CrashReason;
  /** The exit code of the worker. Default 1. */
  readonly exitCode?: number;
  /** The error that the worker threw outside of the task. Default: one that fits the reason. */
  readonly cause?: unknown;
}

/**
 * Controls the tasks of an application that imports `AsyncerMpTestingModule`: holds and releases them one
 * by one, makes them fail, and waits for events. Handlers are named as for `AsyncerMpService`: by class
 * and method, or by a string.
 *
 * @example
 * ```ts
 * testing.hold();
 * const task = await mp.submit(ThumbnailService, 'thumbnail', [bytes, 200]);
 * await testing.untilHeld();
 * expect(task.state).toBe('running');
 * testing.release();
 * await task.result;
 * ```
 */
export class AsyncerMpTestingService {
  readonly #bench: Bench;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /**
   * Holds tasks of this handler, or of all handlers, when they start. A held task runs: it takes a place in
   * the pool, its `timeout` counts, and it can be cancelled. Its handler is called when it is released.
   *
   * @throws UnknownHandlerError
   */
  hold<T>(handler: HandlerClass<T>, method: HandlerMethod<T>): void;
  hold(handler?: string): void;
  hold(handler?: HandlerClass<unknown> | string, method?: string): void {
    this.#bench.holds.hold(this.#nameOf(handler, method));
  }

  /** The tasks that are held now, in the order in which they started. */
  get held(): readonly HeldTask[] {
    return this.#bench.holds.held;
  }

  /** Resolves with the held tasks, as soon as at least `count` are held. */
  untilHeld(count = 1): Promise<readonly HeldTask[]> {
    return this.#bench.holds.untilHeld(count);
  }

  /**
   * Releases the tasks that were held first, one by default. Further tasks are still held when they start.
   *
   * @throws Error if fewer are held
   */
  release(count = 1): void {
    this.#bench.holds.release(count);
  }

  /** Releases all held tasks, and holds no further ones. */
  releaseAll(): void {
    this.#bench.holds.releaseAll();
  }

  /**
   * The next call of the handler throws this error instead of running. The error is copied as from a worker,
   * and retried like an error of the handler (`attempts`, `retryOn`).
   *
   * @throws UnknownHandlerError, ConfigurationError
   *
   * @example
   * ```ts
   * testing.failNext(ThumbnailService, 'thumbnail', new Error('no ink'), { times: 2 });
   * ```
   */
  failNext<T>(
    handler: HandlerClass<T>,
    method: HandlerMethod<T>,
    error: unknown,
    options?: FaultOptions,
  ): void;
  failNext(handler: string, error: unknown, options?: FaultOptions): void;
  failNext(...call: [HandlerClass<unknown> | string, ...unknown[]]): void {
    const { name, rest } = this.#split(call);
    const [error, options] = rest as [unknown, FaultOptions?];
    this.#plan('failNext()', name, failure(error), options);
  }

  /**
   * The worker dies during the next call of the handler. The task fails with a `WorkerCrashedError`, unless
   * `crashAttempts` allows another attempt. No process and no thread ends.
   *
   * @throws UnknownHandlerError, ConfigurationError
   */
  crashNext<T>(
    handler: HandlerClass<T>,
    method: HandlerMethod<T>,
    options?: CrashFaultOptions,
  ): void;
  crashNext(handler: string, options?: CrashFaultOptions): void;
  crashNext(...call: [HandlerClass<unknown> | string, ...unknown[]]): void {
    const { name, rest } = this.#split(call);
    const [options = {}] = rest as [CrashFaultOptions?];
    const { cause, ...others } = options;
    checkOptions(others, crashRules, 'crashNext()');
    this.#bench.faults.plan(name, crash({ ...others, cause }), others.times ?? 1);
  }

  /**
   * The next attempt of the handler exceeds its `timeout` at once. The task fails with a `TaskTimeoutError`,
   * unless `attempts` allows another attempt. A task without a `timeout` fails with a `ConfigurationError`.
   *
   * @throws UnknownHandlerError, ConfigurationError
   */
  timeoutNext<T>(handler: HandlerClass<T>, method: HandlerMethod<T>, options?: FaultOptions): void;
  timeoutNext(handler: string, options?: FaultOptions): void;
  timeoutNext(...call: [HandlerClass<unknown> | string, ...unknown[]]): void {
    const { name, rest } = this.#split(call);
    this.#plan('timeoutNext()', name, timeout, rest[0] as FaultOptions | undefined);
  }

  /** All events of all tasks in order, also without an `EventEmitterModule`. */
  get events(): readonly RecordedEvent[] {
    return this.#bench.record.events;
  }

  /** The payloads of all events of one name so far, for one handler or for all. */
  eventsOf<E extends TaskEvent, T, K extends HandlerMethod<T>>(
    event: E,
    handler: HandlerClass<T>,
    method: K,
  ): readonly TaskEventPayloads<HandlerResult<T, K>>[E][];
  eventsOf<E extends TaskEvent>(event: E, handler?: string): readonly TaskEventPayloads[E][];
  eventsOf(...call: EventCall): readonly unknown[] {
    return this.#bench.record.of(this.#query(call));
  }

  /**
   * The oldest event of this name, for one handler or for all, that `next()` has not returned before.
   * Returns an event that has already happened, so that none is missed, or waits for the next one.
   *
   * @example
   * ```ts
   * const { result } = await testing.next(TaskEvent.Completed, ThumbnailService, 'thumbnail');
   * ```
   */
  next<E extends TaskEvent, T, K extends HandlerMethod<T>>(
    event: E,
    handler: HandlerClass<T>,
    method: K,
  ): Promise<TaskEventPayloads<HandlerResult<T, K>>[E]>;
  next<E extends TaskEvent>(event: E, handler?: string): Promise<TaskEventPayloads[E]>;
  async next(...call: EventCall): Promise<unknown> {
    return this.#bench.record.next(this.#query(call));
  }

  /**
   * For tests that share an application: releases all held tasks and forgets holds, faults and events.
   * Promises that still wait for an event or a held task reject.
   */
  reset(): void {
    this.#bench.faults.reset();
    this.#bench.holds.reset();
    this.#bench.record.reset();
  }

  #plan(where: string, name: string, fault: MakeFault, options: FaultOptions = {}): void {
    checkOptions(options, faultRules, where);
    this.#bench.faults.plan(name, fault, options.times ?? 1);
  }

  #query([name, handler, method]: EventCall): EventQuery {
    return { name, handler: this.#nameOf(handler, method) };
  }

  #nameOf(handler: HandlerClass<unknown> | string | undefined, method?: string) {
    return handler === undefined ? undefined : this.#bench.nameOf(handler, method);
  }

  #split([handler, ...rest]: [HandlerClass<unknown> | string, ...unknown[]]) {
    const method = typeof handler === 'string' ? undefined : (rest.shift() as string);
    return { name: this.#bench.nameOf(handler, method), rest };
  }
}

const faultRules: OptionRules<FaultOptions> = { times: rules.wholeFromOrInfinity(1) };

const crashRules: OptionRules<Omit<CrashFaultOptions, 'cause'>> = {
  ...faultRules,
  reason: rules.oneOf('exit', 'error', 'out-of-memory'),
  exitCode: rules.wholeFrom(0),
};

type EventCall = [name: TaskEvent, handler?: HandlerClass<unknown> | string, method?: string];
