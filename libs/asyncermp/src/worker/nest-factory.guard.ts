import { AsyncLocalStorage } from 'node:async_hooks';
import type { NestFactory as OriginalNestFactory } from '@nestjs/core';
import { clearTimeout, setTimeout } from '../protocol/real-timers.js';
import { threadState } from '../protocol/thread-state.js';

type NestFactory = typeof OriginalNestFactory;
type CreateApplicationContext = NestFactory['createApplicationContext'];

const CREATORS = ['create', 'createMicroservice', 'createApplicationContext'] as const;

type Creators = Record<(typeof CREATORS)[number], (...args: unknown[]) => Promise<unknown>>;

/** The methods of each factory before any guard. A thread that serves a second lease gets a second guard. */
const originals = threadState('nest-factories:1', () => new WeakMap<NestFactory, Creators>());

/** What ends the wait of the import that the current code belongs to; or that a bundle is being evaluated. */
const importing = new AsyncLocalStorage<(() => void) | 'bundle'>();

/** What this thread evaluates from here on is its bundle, the application's own code. */
export function enterBundle(): void {
  importing.enterWith('bundle');
}

/**
 * Keeps a worker from booting the application again if a handler's file is the application's entry file: a
 * bundle, or a handler in main.ts. `NestFactory.create*` then never resolves, so the code of the entry file
 * that uses the application (listen, register signals) never runs. All classes are defined by the time of
 * the call, so the import of the file counts as done.
 *
 * The guard stays active as long as the worker lives, since an entry file may boot late, after an await.
 * Calls from a task and from the worker's own context pass.
 */
export class NestFactoryGuard {
  readonly #isTaskRunning: () => boolean;
  readonly #allowed = new AsyncLocalStorage<boolean>();
  readonly #waiting = new Set<() => void>();
  readonly #roots: unknown[] = [];
  readonly #awaitingRoot: (() => void)[] = [];
  /** Whether the thread's own entry file, a bundle, has booted: a second import of it would not finish. */
  #hasEntryBooted = false;

  /** @param isTaskRunning - Whether a task runs the calling code. */
  constructor(isTaskRunning: () => boolean) {
    this.#isTaskRunning = isTaskRunning;
  }

  /** The root modules of the applications that imported files tried to create, in this order. */
  get roots(): readonly unknown[] {
    return this.#roots;
  }

  /** Resolves when an imported file has tried to create an application, or after `ms` milliseconds. */
  async untilFirstRoot(ms: number): Promise<void> {
    if (this.#roots.length > 0) {
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#awaitingRoot.push(resolve);
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  /** Whether the calling code may belong to a file whose import runs or that booted: contexts can be lost. */
  get isImporting(): boolean {
    return this.#waiting.size > 0 || importing.getStore() !== undefined;
  }

  /** Guards a copy of NestFactory. There are several copies if Nest is bundled with the application. */
  protect(factory: NestFactory): void {
    const own = originalsOf(factory);
    for (const creator of CREATORS) {
      const original = own[creator];
      const guarded = (...args: unknown[]): Promise<unknown> =>
        this.#passes() ? original(...args) : this.#intercept(args[0]);
      Object.defineProperty(factory, creator, {
        value: guarded,
        configurable: true,
        writable: true,
      });
    }
  }

  /**
   * Imports a file, and waits until the import is done or the file boots an application.
   *
   * @returns what the import returned; undefined if the file booted an application first
   * @throws What the import throws
   */
  async imported(load: () => Promise<unknown>): Promise<unknown> {
    let done: () => void = () => undefined;
    const booted = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#waiting.add(done);
    if (this.#hasEntryBooted) {
      done();
    }
    try {
      return await Promise.race([importing.run(done, load), booted]);
    } finally {
      this.#waiting.delete(done);
    }
  }

  /** The original method of a guarded copy: the worker's own context, and what that context creates, pass. */
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

  /** Ends the wait of the import that the call comes from, or of all if the async context was lost. */
  #intercept(root: unknown): Promise<never> {
    this.#roots.push(root);
    for (const resolve of this.#awaitingRoot.splice(0)) {
      resolve();
    }
    const store = importing.getStore();
    const own = store === 'bundle' ? undefined : store;
    if (this.#waiting.size === 0 && own === undefined) {
      this.#hasEntryBooted = true;
    }
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
