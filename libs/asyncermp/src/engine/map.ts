import { decodeError } from '../protocol/error-codec.js';
import { findUncloneable } from '../protocol/uncloneable.js';
import { RunMode, type ItemOutcome } from '../protocol/envelope.js';
import { type MapOptions, type MapOutcome, splitMapOptions } from '../contract/map-options.js';
import type { TaskOptions } from '../contract/task-options.js';
import { mergePolicy, type HandlerRecord } from './handler-record.js';
import type { Task } from './task.js';

/** How much work goes into a task of several items: long against the cost of a task, short for people. */
const CHUNK_MS = 4;
const MOST_ITEMS = 256;

/** What a mapping needs of the scheduler. */
export interface MapHost {
  readonly maxProcesses: number;
  /** Submits one task for several items, the first of which has the place `first` among all. */
  submit(
    items: readonly (readonly unknown[])[],
    first: number,
    mode: RunMode,
    options: TaskOptions,
  ): Task | Promise<Task>;
  cancel(task: Task, reason: unknown): void;
}

/** Some of the items, on their way through one task. */
class Chunk {
  /** The place of its first item among all items. */
  readonly first: number;
  readonly size: number;
  readonly mode: RunMode;
  /** Its task, once it is accepted. */
  task: Task | undefined = undefined;
  readonly settled: Promise<Settled>;

  constructor(first: number, size: number, mode: RunMode, run: (chunk: Chunk) => Promise<Settled>) {
    this.first = first;
    this.size = size;
    this.mode = mode;
    this.settled = run(this);
  }
}

interface Settled {
  readonly chunk: Chunk;
  readonly isFailed: boolean;
  /** The task's result, or its error. */
  readonly outcome: unknown;
}

/**
 * Runs a handler over many items: a few tasks in flight at a time, each with as many items as make it worth
 * its cost, and results as soon as they are ready.
 */
export class Mapping {
  readonly #host: MapHost;
  readonly #handler: HandlerRecord;
  readonly #source: ItemSource<readonly unknown[]>;
  readonly #own: ReturnType<typeof splitMapOptions>['own'];
  readonly #taskOptions: TaskOptions;
  readonly #total: number | undefined;
  readonly #isOneByOne: boolean;
  readonly #inFlight: Chunk[] = [];
  #done = 0;

  constructor(
    host: MapHost,
    handler: HandlerRecord,
    items: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
  ) {
    const { own, task } = splitMapOptions(options, handler.name);
    this.#host = host;
    this.#handler = handler;
    this.#own = own;
    this.#taskOptions = task;
    this.#source = new ItemSource(items);
    this.#total = Array.isArray(items) ? items.length : undefined;
    const { timeout, attempts, crashAttempts } = mergePolicy(handler.policy, task);
    this.#isOneByOne = timeout !== Infinity || attempts > 1 || crashAttempts > 1;
  }

  /** The results, or with `settle` the outcomes. A consumer that stops early cancels what is in flight. */
  results(): AsyncGenerator<unknown, void, undefined> {
    return new FlatGenerator(this.#resultsOfChunks());
  }

  async *#resultsOfChunks(): AsyncGenerator<readonly unknown[], void, undefined> {
    try {
      for (;;) {
        this.#fill();
        const [next] = this.#inFlight;
        if (!next && this.#source.isExhausted) {
          return;
        }
        const settled = await this.#nextSettled();
        if (settled) {
          yield this.#resultsOf(settled);
        }
      }
    } finally {
      for (const { task } of this.#inFlight) {
        if (task) {
          this.#host.cancel(task, 'map() was ended');
        }
      }
      await this.#source.close();
    }
  }

  /** Starts tasks as far as the window and the source allow. */
  #fill(): void {
    while (this.#hasRoom && !this.#source.isExhausted) {
      let first = this.#source.count;
      const items = this.#source.take(this.#chunkSize);
      if (items.length === 0) {
        return;
      }
      for (const part of this.#own.settle ? apartIfUncloneable(items) : [items]) {
        this.#inFlight.push(this.#start(part, first));
        first += part.length;
      }
    }
  }

  get #chunkSize(): number {
    const { chunk = 'auto' } = this.#own;
    if (chunk !== 'auto') {
      return chunk;
    }
    const { meanMs } = this.#handler.runTime;
    return this.#isOneByOne || meanMs === Infinity
      ? 1
      : Math.max(1, Math.min(MOST_ITEMS, Math.floor(CHUNK_MS / meanMs)));
  }

  #start(items: readonly (readonly unknown[])[], first: number): Chunk {
    const several = this.#own.settle ? RunMode.SettledChunk : RunMode.Chunk;
    const mode = items.length === 1 ? RunMode.Single : several;
    return new Chunk(first, items.length, mode, (chunk) => this.#run(chunk, items));
  }

  /** Runs a chunk to its outcome. Never rejects: the error may be needed later, or not at all. */
  async #run(chunk: Chunk, items: readonly (readonly unknown[])[]): Promise<Settled> {
    const { first, mode } = chunk;
    try {
      chunk.task = await this.#host.submit(items, first, mode, this.#taskOptions);
      return { chunk, isFailed: false, outcome: await chunk.task.promise };
    } catch (error) {
      return { chunk, isFailed: true, outcome: error };
    }
  }

  /** The chunk whose results come next, once it is settled; undefined if the source has more items first. */
  #nextSettled(): Promise<Settled | undefined> {
    const { ordered = true } = this.#own;
    const candidates = ordered ? this.#inFlight.slice(0, 1) : this.#inFlight;
    const waitsFor: Promise<Settled | undefined>[] = candidates.map(({ settled }) => settled);
    if (this.#hasRoom && !this.#source.isExhausted) {
      waitsFor.push(this.#source.more().then(() => undefined));
    }
    return Promise.race(waitsFor);
  }

  get #hasRoom(): boolean {
    return this.#inFlight.length < (this.#own.concurrency ?? 2 * this.#host.maxProcesses);
  }

  #resultsOf({ chunk, isFailed, outcome }: Settled): readonly unknown[] {
    this.#inFlight.splice(this.#inFlight.indexOf(chunk), 1);
    if (isFailed && !this.#own.settle) {
      throw outcome;
    }
    this.#done += chunk.size;
    this.#own.onProgress?.(this.#done, this.#total);
    if (this.#own.settle) {
      return [...outcomesOf(chunk, isFailed, outcome)];
    }
    return chunk.mode === RunMode.Single ? [outcome] : (outcome as unknown[]);
  }
}

function* outcomesOf(
  { first, size, mode }: Chunk,
  isFailed: boolean,
  outcome: unknown,
): Generator<MapOutcome<unknown>> {
  for (let place = 0; place < size; place++) {
    const index = first + place;
    if (isFailed) {
      yield { status: 'rejected', reason: outcome, index };
    } else if (mode === RunMode.Single) {
      yield { status: 'fulfilled', value: outcome, index };
    } else {
      const item = (outcome as ItemOutcome[])[place];
      yield item?.[0]
        ? { status: 'fulfilled', value: item[1], index }
        : { status: 'rejected', reason: item && decodeError(item[1]), index };
    }
  }
}

/** Splits items so that each that cannot be sent is alone in its part, and fails alone. */
function apartIfUncloneable(
  items: readonly (readonly unknown[])[],
): readonly (readonly (readonly unknown[])[])[] {
  const parts: (readonly unknown[])[][] = [];
  let isOpen = false;
  for (const args of items) {
    const isBad = !Array.isArray(args) || findUncloneable(args, '') !== undefined;
    if (isBad || !isOpen) {
      parts.push([args]);
    } else {
      parts.at(-1)?.push(args);
    }
    isOpen = !isBad;
  }
  return parts;
}

/** Items of `map()`, from any iterable: read one by one, and not before they are needed. */
class ItemSource<T> {
  readonly #iterator: Iterator<T> | AsyncIterator<T>;
  readonly #isAsync: boolean;
  #pending: Promise<void> | undefined = undefined;
  readonly #read: T[] = [];
  #isDone = false;
  #count = 0;

  constructor(items: Iterable<T> | AsyncIterable<T>) {
    this.#isAsync = Symbol.asyncIterator in items;
    this.#iterator =
      Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** Whether nothing more will come. */
  get isExhausted(): boolean {
    return this.#isDone && this.#read.length === 0;
  }

  /** How many items were taken. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes up to `most` items: from a synchronous source as many as it has, from an asynchronous one those
   * that have arrived. Empty if none has: wait for {@link more}.
   */
  take(most: number): T[] {
    if (!this.#isAsync) {
      this.#readNow(most);
    }
    const items = this.#read.splice(0, most);
    this.#count += items.length;
    return items;
  }

  /** Settles when an asynchronous source has another item or has ended; rejects if it failed. */
  more(): Promise<void> {
    return (this.#pending ??= this.#readNext());
  }

  /** Ends the source early: calls its `return()`. */
  async close(): Promise<void> {
    if (!this.#isDone) {
      this.#isDone = true;
      await this.#iterator.return?.();
    }
  }

  #readNow(most: number): void {
    while (!this.#isDone && this.#read.length < most) {
      const { done, value } = this.#iterator.next() as IteratorResult<T, unknown>;
      if (done) {
        this.#isDone = true;
      } else {
        this.#read.push(value);
      }
    }
  }

  async #readNext(): Promise<void> {
    try {
      const { done, value } = (await this.#iterator.next()) as IteratorResult<T, unknown>;
      if (done) {
        this.#isDone = true;
      } else {
        this.#read.push(value);
      }
    } catch (error) {
      this.#isDone = true;
      throw error;
    } finally {
      this.#pending = undefined;
    }
  }
}

/**
 * Yields the items of a generator's batches one by one, as an async generator with a `yield*` of each batch
 * does, in 0.4 of its time (141 against 353 ns an item): an item that is there needs no further promise.
 */
export class FlatGenerator<T> implements AsyncGenerator<T, void, undefined> {
  readonly #batches: AsyncGenerator<readonly T[], void, undefined>;
  #batch: readonly T[] = [];
  /** The next item of the batch. */
  #place = 0;
  /** Settles when all earlier calls are answered; undefined while none waits. */
  #others: Promise<void> | undefined = undefined;

  constructor(batches: AsyncGenerator<readonly T[], void, undefined>) {
    this.#batches = batches;
  }

  next(): Promise<IteratorResult<T, void>> {
    return this.#others === undefined && this.#place < this.#batch.length
      ? Promise.resolve({ done: false, value: this.#batch[this.#place++] as T })
      : this.#afterOthers(() => this.#nextOfBatches());
  }

  return(): Promise<IteratorResult<T, void>> {
    return this.#afterOthers(async () => {
      this.#batch = [];
      await this.#batches.return();
      return { done: true, value: undefined };
    });
  }

  throw(error: unknown): Promise<IteratorResult<T, void>> {
    return this.#afterOthers(async () => {
      this.#batch = [];
      await this.#batches.throw(error);
      return { done: true, value: undefined };
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #nextOfBatches(): Promise<IteratorResult<T, void>> {
    while (this.#place >= this.#batch.length) {
      const { done, value } = await this.#batches.next();
      if (done) {
        return { done: true, value: undefined };
      }
      this.#batch = value;
      this.#place = 0;
    }
    return { done: false, value: this.#batch[this.#place++] as T };
  }

  /** A call while others wait is answered after them, as by a generator. */
  #afterOthers<R>(answer: () => Promise<R>): Promise<R> {
    const answered = this.#others ? this.#others.then(answer) : answer();
    const over = (): void => {
      if (this.#others === others) {
        this.#others = undefined;
      }
    };
    const others = answered.then(over, over);
    this.#others = others;
    return answered;
  }
}
