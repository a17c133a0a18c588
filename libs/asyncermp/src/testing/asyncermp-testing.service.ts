import type { HandlerClass, HandlerMethod, HandlerResult } from '../contract/handler-types.js';
import { checkOptions, rules, type OptionRules } from '../contract/check-options.js';
import type { CrashReason } from '../contract/errors.js';
import type { TaskEvent } from '../contract/task-events.js';
import type { Bench } from './bench.js';
import type { EventQuery, RecordedEvent, TaskEventPayloads } from './event-record.js';
import { crash, failure, timeout, type MakeFault } from './faults.js';
import type { HeldTask } from './holds.js';

/** How often a handler is to go wrong. */
export interface FaultOptions {
  /** How many of the next calls: a whole number from 1, or Infinity for all of them. Default 1. */
  readonly times?: number;
}

/** How a worker is to die, and how often. */
export interface CrashFaultOptions extends FaultOptions {
  /** What ends the worker: `process.exit()`, an uncaught error, or a full heap. Default `'exit'`. */
  readonly reason?: CrashReason;
  /** The exit code of the worker. Default 1. */
  readonly exitCode?: number;
  /** What the worker threw outside of the task. Default: an error that fits the reason. */
  readonly cause?: unknown;
}

/**
 * What a test can do with the tasks of an application that imports `AsyncerMpTestingModule`: hold them
 * and let them go one by one, make them fail, and wait for events. Handlers are named as for
 * `AsyncerMpService`: by class and method, or by a string.
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
   * From now on, tasks of this handler, or of all, are held when they begin: they run, with all that
   * belongs to it (a place in the pool, a running `timeout`, being cancelled), and their handler is
   * called when they are released.
   *
   * @throws UnknownHandlerError
   */
  hold<T>(handler: HandlerClass<T>, method: HandlerMethod<T>): void;
  hold(handler?: string): void;
  hold(handler?: HandlerClass<unknown> | string, method?: string): void {
    this.#bench.holds.hold(this.#nameOf(handler, method));
  }

  /** The tasks that are held now, in the order in which they began. */
  get held(): readonly HeldTask[] {
    return this.#bench.holds.held;
  }

  /** Resolves with the tasks that are held, once there are as many as asked for. */
  untilHeld(count = 1): Promise<readonly HeldTask[]> {
    return this.#bench.holds.untilHeld(count);
  }

  /**
   * Lets the task go that was held first, or the first ones. Others are still held when they begin.
   * @throws Error if fewer are held
   */
  release(count = 1): void {
    this.#bench.holds.release(count);
  }

  /** Lets all held tasks go, and holds none any more. */
  releaseAll(): void {
    this.#bench.holds.releaseAll();
  }

  /**
   * Has the next call of the handler throw in its place. What is thrown is copied as from a worker, and
   * tried again as what the handler throws (`attempts`, `retryOn`).
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
   * Has the worker die under the next call of the handler: a `WorkerCrashedError`, unless
   * `crashAttempts` has it tried again. No process and no thread ends.
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
   * Has the next attempt of the handler exceed its `timeout`, at once: a `TaskTimeoutError`, unless
   * `attempts` has it tried again. A task without a `timeout` fails with a `ConfigurationError`.
   *
   * @throws UnknownHandlerError, ConfigurationError
   */
  timeoutNext<T>(handler: HandlerClass<T>, method: HandlerMethod<T>, options?: FaultOptions): void;
  timeoutNext(handler: string, options?: FaultOptions): void;
  timeoutNext(...call: [HandlerClass<unknown> | string, ...unknown[]]): void {
    const { name, rest } = this.#split(call);
    this.#plan('timeoutNext()', name, timeout, rest[0] as FaultOptions | undefined);
  }

  /** Every event of every task, in order, also without an `EventEmitterModule`. */
  get events(): readonly RecordedEvent[] {
    return this.#bench.record.events;
  }

  /** What the events of one name carried so far, for one handler or for all. */
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
   * The oldest event of this name, for one handler or for all, that no `next()` has given yet. One that
   * has come already counts, so that none is missed; for one that has not, it waits.
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
   * For tests that share an application: lets all held tasks go, and forgets holds, faults and events.
   * What still waits for an event or a held task rejects.
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
