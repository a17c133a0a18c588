import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type {
  HandlerArgs,
  HandlerClass,
  HandlerMethod,
  HandlerResult,
} from './contract/handler-types.js';
import { safeInspect } from './contract/safe-inspect.js';
import type { Explanation } from './handlers/explain.js';
import type { Backend, TaskHandler } from './contract/backend.js';
import type { CompletedQueue } from './contract/completed-queue.js';
import { ConfigurationError } from './contract/errors.js';
import type { MapOptions, MapOutcome } from './contract/map-options.js';
import type { PoolStats } from './contract/pool-stats.js';
import type { TaskSettledEvent } from './contract/task-events.js';
import type { TaskHandle } from './contract/task-handle.js';
import type { TaskOptions } from './contract/task-options.js';
import { addStandIn } from './injection/stand-ins.js';

/** The argument lists of the calls of `map()`, from any iterable or async iterable. */
export type MapItems<A extends readonly unknown[]> =
  Iterable<Readonly<A>> | AsyncIterable<Readonly<A>>;

/** Gives the service its backend: the application's pool, or an error inside a worker. */
export abstract class TaskRuntime {
  abstract readonly backend: Backend;
  /** @throws UnknownHandlerError */
  abstract find(handler: HandlerClass<unknown> | string, method: string | undefined): TaskHandler;
  /** Resolves with the handler's result. Goes through decorators above `@CpuTask()`. */
  abstract run(
    handler: TaskHandler,
    args: readonly unknown[],
    options: TaskOptions | undefined,
  ): Promise<unknown>;
  /**
   * @param method - What cannot go through decorators above `@CpuTask()`: `submit`.
   * @throws ConfigurationError if the handler has such decorators
   */
  abstract refuseWrapped(handler: TaskHandler, method: string): void;
  /** @throws UnknownHandlerError */
  abstract explain(target: HandlerClass<unknown>): Promise<Explanation>;
}

/**
 * Submits tasks and controls the pool that runs them. Inject it where a plain call of the decorated
 * method is not enough: to pass options, to get a handle, or to manage the pool.
 *
 * @example
 * ```ts
 * const thumbnail = await mp.run(ThumbnailService, 'thumbnail', [bytes, 200], { priority: 5 });
 * ```
 */
@Injectable()
export class AsyncerMpService {
  readonly #runtime: TaskRuntime;

  constructor(runtime: TaskRuntime) {
    this.#runtime = runtime;
  }

  /**
   * Submits a task and resolves with its handle once it is accepted. Refuses a handler with decorators above
   * `@CpuTask()`: these wrap calls, and `submit()` makes a task without one.
   *
   * @param handler - The class that has the decorated method.
   * @param method - The name of that method.
   * @param args - Its arguments. They are copied to the worker (structured clone).
   * @param options - Options of this task. They override those of the handler and of the module.
   * @returns The handle; its `result` is the promise of the outcome.
   * @throws UnknownHandlerError, ConfigurationError, TaskSerializationError, DuplicateTaskError,
   * QueueFullError, TaskCancelledError (the signal was already aborted) or ShutdownError, as a
   * rejection. Nothing was submitted then.
   */
  submit<T, K extends HandlerMethod<T>>(
    handler: HandlerClass<T>,
    method: K,
    args: HandlerArgs<T, K>,
    options?: TaskOptions,
  ): Promise<TaskHandle<HandlerResult<T, K>>>;
  /** The same by the handler's name, `Class.method` by default. */
  submit<R = unknown>(
    handler: string,
    args?: readonly unknown[],
    options?: TaskOptions,
  ): Promise<TaskHandle<R>>;
  async submit(...call: readonly unknown[]): Promise<TaskHandle> {
    const { handler, args, options } = this.#resolve(call);
    this.#runtime.refuseWrapped(handler, 'submit');
    return this.#runtime.backend.submit(handler, args, options);
  }

  /**
   * Calls the decorated method with options: submits a task and resolves with what its handler returned. Takes
   * what `submit()` takes. Decorators above `@CpuTask()` wrap it as they wrap a plain call.
   *
   * @throws What the handler threw, or an `AsyncerMpError`, as a rejection.
   */
  run<T, K extends HandlerMethod<T>>(
    handler: HandlerClass<T>,
    method: K,
    args: HandlerArgs<T, K>,
    options?: TaskOptions,
  ): Promise<HandlerResult<T, K>>;
  /** The same by the handler's name, `Class.method` by default. */
  run<R = unknown>(handler: string, args?: readonly unknown[], options?: TaskOptions): Promise<R>;
  run(...call: readonly unknown[]): Promise<unknown> {
    try {
      const { handler, args, options } = this.#resolve(call);
      return this.#runtime.run(handler, args, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs a handler over many items and yields the results, in the order of the items unless
   * `ordered: false`. At most `concurrency` tasks are in flight, and no more items are read ahead than
   * these need, so the source may be endless. Several short items share one task. The first error ends
   * the loop, unless `settle: true`; an error of the source ends it after the results of the items before.
   * Leaving the loop cancels the tasks in flight, and does not wait for a source that has not answered yet. Refuses a
   * handler with decorators above `@CpuTask()`, as `submit()` does.
   *
   * @param items - The arguments of each call, from any iterable or async iterable.
   * @throws What a handler threw, what the source threw, or an `AsyncerMpError`, from the loop.
   *
   * @example
   * ```ts
   * const jobs = pictures.map((picture) => [picture, 200] as const);
   * for await (const thumbnail of mp.map(ThumbnailService, 'thumbnail', jobs)) {
   *   await store(thumbnail);
   * }
   * ```
   */
  map<T, K extends HandlerMethod<T>>(
    handler: HandlerClass<T>,
    method: K,
    items: MapItems<HandlerArgs<T, K>>,
    options: MapOptions & { readonly settle: true },
  ): AsyncGenerator<MapOutcome<HandlerResult<T, K>>, void, undefined>;
  map<T, K extends HandlerMethod<T>>(
    handler: HandlerClass<T>,
    method: K,
    items: MapItems<HandlerArgs<T, K>>,
    options?: MapOptions,
  ): AsyncGenerator<HandlerResult<T, K>, void, undefined>;
  /** The same by the handler's name, `Class.method` by default. */
  map<R = unknown>(
    handler: string,
    items: MapItems<readonly unknown[]>,
    options: MapOptions & { readonly settle: true },
  ): AsyncGenerator<MapOutcome<R>, void, undefined>;
  map<R = unknown>(
    handler: string,
    items: MapItems<readonly unknown[]>,
    options?: MapOptions,
  ): AsyncGenerator<R, void, undefined>;
  // oxlint-disable-next-line typescript/no-explicit-any -- narrowed by the signatures above
  map(...call: readonly unknown[]): AsyncGenerator<any, void, undefined> {
    const [handler, ...rest] = call as [HandlerClass<unknown> | string, ...unknown[]];
    const method = typeof handler === 'string' ? undefined : (rest.shift() as string);
    const [items, options = {}] = rest as [MapItems<readonly unknown[]>, MapOptions?];
    const found = this.#runtime.find(handler, method);
    this.#runtime.refuseWrapped(found, 'map');
    return this.#runtime.backend.map(found, items, options);
  }

  /** The task with this uid, if it is in flight or among the last settled ones (`retain`). */
  get(uid: string): TaskHandle | undefined {
    return this.#runtime.backend.get(uid);
  }

  /**
   * Cancels the task with this uid. The reason becomes the `cause` of its `TaskCancelledError`.
   * @returns false if no task with this uid is in flight
   */
  cancel(uid: string, reason?: unknown): boolean {
    return this.#runtime.backend.cancel(uid, reason);
  }

  /** A queue of the last settled tasks. Several consumers share it: each task is delivered once. */
  get completedQueue(): CompletedQueue {
    return this.#runtime.backend.completedQueue;
  }

  /**
   * Emits every task that settles from now on, to each subscriber, and completes when the application
   * shuts down. RxJS reports an observer that throws as an uncaught exception.
   */
  get completed$(): Observable<TaskSettledEvent> {
    return this.#runtime.backend.completed$;
  }

  /**
   * Explains what a worker builds for the handlers of a class: the providers, the modules that they come
   * from, and whether the worker builds them from the application's module graph. Print it as a text with
   * `String(await mp.explain(ReportService))`.
   *
   * @throws UnknownHandlerError if no module provides the class, as a rejection
   */
  async explain(target: HandlerClass<unknown>): Promise<Explanation> {
    return this.#runtime.explain(target);
  }

  /** A snapshot of the pool: what waits, what runs, and totals since the start. */
  stats(): PoolStats {
    return this.#runtime.backend.stats();
  }

  /**
   * Stops starting attempts. Running attempts go on, and accepted tasks wait. The pool of this process has
   * paused when the call returns, before the promise resolves.
   */
  async pause(): Promise<void> {
    await this.#runtime.backend.pause();
  }

  /** Starts attempts again after `pause()`. */
  async resume(): Promise<void> {
    await this.#runtime.backend.resume();
  }

  /** Resolves once no task is in flight. */
  drain(): Promise<void> {
    return this.#runtime.backend.drain();
  }

  /**
   * Changes `maxProcesses`. When the new bound is lower, attempts that already run above it finish.
   * @throws ConfigurationError unless it is a whole number from 1
   */
  resize(maxProcesses: number): void {
    this.#runtime.backend.resize(maxProcesses);
  }

  #resolve(call: readonly unknown[]): {
    handler: TaskHandler;
    args: readonly unknown[];
    options: TaskOptions | undefined;
  } {
    const [handler] = call;
    if (typeof handler === 'string') {
      const [, args = [], options] = call as [string, unknown[]?, TaskOptions?];
      return { handler: this.#runtime.find(handler, undefined), args, options };
    }
    if (typeof handler !== 'function') {
      throw new ConfigurationError(
        `A handler is named by its class and method, or by a string, and not by ${safeInspect(handler)}`,
      );
    }
    const [target, method, args, options] = call as [
      HandlerClass<unknown>,
      string,
      unknown[],
      TaskOptions?,
    ];
    return { handler: this.#runtime.find(target, method), args, options };
  }
}

/** The runtime inside a worker, where the service starts no tasks. */
export class WorkerTaskRuntime extends TaskRuntime {
  get backend(): Backend {
    throw insideWorker();
  }

  find(): TaskHandler {
    throw insideWorker();
  }

  run(): Promise<unknown> {
    throw insideWorker();
  }

  refuseWrapped(): void {}

  explain(): Promise<Explanation> {
    return Promise.reject(insideWorker());
  }
}

function insideWorker(): ConfigurationError {
  return new ConfigurationError(
    'AsyncerMpService starts no tasks inside a worker, which belongs to the pool itself. Call the ' +
      'decorated method: inside a worker it runs where it is.',
  );
}

addStandIn({ provide: AsyncerMpService, useValue: new AsyncerMpService(new WorkerTaskRuntime()) });
