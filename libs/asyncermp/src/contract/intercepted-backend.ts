import type { Observable } from 'rxjs';
import type { Backend, TaskHandler } from './backend.js';
import type { CompletedQueue } from './completed-queue.js';
import type { SubmitInput, TaskInterceptor } from './interceptor.js';
import type { MapOptions } from './map-options.js';
import type { PoolStats } from './pool-stats.js';
import type { TaskSettledEvent } from './task-events.js';
import type { TaskHandle } from './task-handle.js';
import type { TaskOptions } from './task-options.js';

/**
 * A backend whose submissions pass through interceptors, the first one outermost. Without interceptors it calls
 * the backend directly.
 */
export class InterceptedBackend implements Backend {
  readonly #backend: Backend;
  readonly #interceptors: () => readonly TaskInterceptor[];

  /** @param interceptors - Called for every submission, since interceptors can be added later. */
  constructor(backend: Backend, interceptors: () => readonly TaskInterceptor[]) {
    this.#backend = backend;
    this.#interceptors = interceptors;
  }

  submit(
    handler: TaskHandler,
    args: readonly unknown[],
    options?: TaskOptions,
  ): Promise<TaskHandle> {
    return this.#interceptors().length === 0
      ? this.#backend.submit(handler, args, options)
      : this.#interceptAsync({ handler: handler.name, args, options }, (input) =>
          this.#backend.submit(handler, input.args ?? args, input.options, input),
        );
  }

  run(handler: TaskHandler, args: readonly unknown[], options?: TaskOptions): Promise<unknown> {
    return this.#interceptors().length === 0
      ? this.#backend.run(handler, args, options)
      : this.#interceptAsync({ handler: handler.name, args, options }, (input) =>
          this.#backend.run(handler, input.args ?? args, input.options, input),
        );
  }

  map(
    handler: TaskHandler,
    items: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    return this.#interceptors().length === 0
      ? this.#backend.map(handler, items, options)
      : this.#intercept({ handler: handler.name, args: undefined, options: undefined }, (input) =>
          this.#backend.map(handler, items, options, input),
        );
  }

  /** The same for a promise: what an interceptor throws rejects it. */
  #interceptAsync<R>(input: SubmitInput, submit: (input: SubmitInput) => Promise<R>): Promise<R> {
    try {
      return this.#intercept(input, submit);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #intercept<R>(input: SubmitInput, submit: (input: SubmitInput) => R): R {
    return through(this.#interceptors(), 0, input, submit);
  }

  // The other methods only delegate.

  get completedQueue(): CompletedQueue {
    return this.#backend.completedQueue;
  }

  get completed$(): Observable<TaskSettledEvent> {
    return this.#backend.completed$;
  }

  get(uid: string): TaskHandle | undefined {
    return this.#backend.get(uid);
  }

  cancel(uid: string, reason?: unknown): boolean {
    return this.#backend.cancel(uid, reason);
  }

  stats(): PoolStats {
    return this.#backend.stats();
  }

  pause(): Promise<void> {
    return this.#backend.pause();
  }

  resume(): Promise<void> {
    return this.#backend.resume();
  }

  drain(): Promise<void> {
    return this.#backend.drain();
  }

  resize(maxProcesses: number): void {
    this.#backend.resize(maxProcesses);
  }

  warmUp(): Promise<void> {
    return this.#backend.warmUp();
  }

  shutdown(): Promise<void> {
    return this.#backend.shutdown();
  }
}

/** Submits through the interceptors from that place on. Each has its `next` made when it is its turn. */
function through<R>(
  interceptors: readonly TaskInterceptor[],
  place: number,
  input: SubmitInput,
  submit: (input: SubmitInput) => R,
): R {
  const interceptor = interceptors[place];
  if (interceptor === undefined) {
    return submit(input);
  }
  const isLast = place + 1 === interceptors.length;
  const next = isLast
    ? submit
    : (given: SubmitInput) => through(interceptors, place + 1, given, submit);
  return interceptor.submit ? interceptor.submit(input, next) : next(input);
}
