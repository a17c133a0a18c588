import { AsyncLocalStorage } from 'node:async_hooks';
import type { NestFactory as OriginalNestFactory } from '@nestjs/core';
import { threadState } from '../injection/thread-state.js';

type NestFactory = typeof OriginalNestFactory;
type CreateApplicationContext = NestFactory['createApplicationContext'];

const CREATORS = ['create', 'createMicroservice', 'createApplicationContext'] as const;

type Creators = Record<(typeof CREATORS)[number], (...args: unknown[]) => Promise<unknown>>;

/** What the factories were before any guard: a thread that serves another lease is guarded anew. */
const originals = threadState('nest-factories:1', () => new WeakMap<NestFactory, Creators>());

/**
 * Keeps a worker from booting the application again, when the file of a handler is the entry file: a
 * bundle, or a handler in main.ts. `NestFactory.create*` then never resolves, so that what the entry
 * file does with the application (listen, register signals) is never reached. Every class is defined
 * by the time it is called, so the import of the file counts as done.
 *
 * The guard stays on as long as the worker lives, since an entry file may boot late, after an await.
 * Calls by a task, and by what the worker itself builds, pass.
 */
export class NestFactoryGuard {
  readonly #isTaskRunning: () => boolean;
  readonly #allowed = new AsyncLocalStorage<boolean>();
  /** The imports that wait, each known to the code that it runs. */
  readonly #importing = new AsyncLocalStorage<() => void>();
  readonly #waiting = new Set<() => void>();

  /** @param isTaskRunning Whether the code that asks is run by a task. */
  constructor(isTaskRunning: () => boolean) {
    this.#isTaskRunning = isTaskRunning;
  }

  /** Guards a copy of NestFactory; there are several where Nest was bundled with the application. */
  protect(factory: NestFactory): void {
    const own = originalsOf(factory);
    for (const creator of CREATORS) {
      const original = own[creator];
      const guarded = (...args: unknown[]): Promise<unknown> =>
        this.#passes() ? original(...args) : this.#intercept();
      Object.defineProperty(factory, creator, {
        value: guarded,
        configurable: true,
        writable: true,
      });
    }
  }

  /**
   * Runs the import of a file, and waits until it is done or boots an application.
   *
   * @throws What the import throws.
   */
  async imported(load: () => Promise<unknown>): Promise<void> {
    let done: () => void = () => undefined;
    const booted = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#waiting.add(done);
    try {
      await Promise.race([this.#importing.run(done, load), booted]);
    } finally {
      this.#waiting.delete(done);
    }
  }

  /** The original of a guarded copy, for the worker's own context and whatever that one creates. */
  createApplicationContext(
    factory: NestFactory,
    ...args: Parameters<CreateApplicationContext>
  ): ReturnType<CreateApplicationContext> {
    const { createApplicationContext } = originalsOf(factory);
    const context = this.#allowed.run(true, () => createApplicationContext(...args));
    return context as ReturnType<CreateApplicationContext>;
  }

  #passes(): boolean {
    return this.#allowed.getStore() === true || this.#isTaskRunning();
  }

  /** Ends the wait for the import that the call comes from: of any, where the context was lost. */
  #intercept(): Promise<never> {
    const own = this.#importing.getStore();
    for (const done of own === undefined ? this.#waiting : [own]) {
      done();
    }
    return new Promise<never>(() => undefined);
  }
}

function originalsOf(factory: NestFactory): Creators {
  const known = originals.get(factory);
  if (known !== undefined) {
    return known;
  }
  const found = {
    create: factory.create.bind(factory),
    createMicroservice: factory.createMicroservice.bind(factory),
    createApplicationContext: factory.createApplicationContext.bind(factory),
  } as Creators;
  originals.set(factory, found);
  return found;
}
