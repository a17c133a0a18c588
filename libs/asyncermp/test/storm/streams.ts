import type { AsyncerMpService, MapOptions, MapOutcome } from 'nestjs-asyncermp';
import { isFailingItem, StormService } from '../.fixtures/storm.service.js';
import type { StormCells } from '../.fixtures/storm.cells.js';
import { turns, until } from '../support/outcomes.js';
import type { Random } from '../support/random.js';

/** The most `map()` loops at a time. */
const MOST_STREAMS = 6;
/** The most items of a source that ends. */
const MOST_ITEMS = 20;

const BROKEN = new Error('the source failed');

type Item = readonly [shared: SharedArrayBuffer, item: number];

/** One `map()`: its source, and what its consumer does. */
interface Stream {
  /** How the source ends after its items; one that never ends has always another one. */
  readonly end: 'ends' | 'fails' | 'stalls' | 'never ends';
  readonly items: number;
  /** The number of its first item. Those of a source that never ends are not consecutive. */
  readonly firstItem: number;
  readonly isAsync: boolean;
  /** After how many results the consumer leaves; Infinity if it does not. */
  readonly leaveAfter: number;
  readonly isSlow: boolean;
  readonly options: MapOptions;
  /** The items that the source gave, in order. */
  readonly given: number[];
}

/**
 * `map()` over random sources, which end, fail, stall or never end, with consumers that are slow, leave or are
 * aborted. The source is code of the user as well.
 */
export class Streams {
  readonly wrong: string[] = [];
  readonly outcomes: Record<string, number> = {};
  readonly #mp: AsyncerMpService;
  readonly #cells: StormCells;
  readonly #random: Random;
  readonly #userCode: () => void;
  readonly #given: number[] = [];
  #open = 0;
  #nextItem: number;
  readonly #endOfItems: number;

  /** @param items - The range of numbers that items may have in the cells. */
  constructor(
    mp: AsyncerMpService,
    cells: StormCells,
    random: Random,
    userCode: () => void,
    items: { readonly from: number; readonly to: number },
  ) {
    this.#mp = mp;
    this.#cells = cells;
    this.#random = random;
    this.#userCode = userCode;
    this.#nextItem = items.from;
    this.#endOfItems = items.to;
  }

  /** Starts another loop, unless there are enough of them. */
  launch(signals: readonly AbortSignal[]): void {
    if (this.#open < MOST_STREAMS && this.#nextItem < this.#endOfItems) {
      void this.#run(this.#plan(signals));
    }
  }

  /** Resolves when all loops have ended. */
  async ended(): Promise<void> {
    await until('all map() loops have ended', () => this.#open === 0);
  }

  /** Checks how often the items have run. Nothing runs any more. */
  check(): void {
    const often = this.#given.filter((item) => this.#cells.begunOf(item) > 1);
    if (often.length > 0) {
      this.wrong.push(`the items ${often.join()} of map() ran more than once`);
    }
  }

  #plan(signals: readonly AbortSignal[]): Stream {
    const random = this.#random;
    const isAsync = random.below(4) > 0;
    const ends = ['ends', 'fails', 'never ends', 'stalls'] as const;
    const end = ends[random.below(isAsync ? 4 : 3)] ?? 'ends';
    // Reserved here: a source that had to stop short would leave its consumer waiting for the others.
    const items = Math.min(random.below(MOST_ITEMS), this.#endOfItems - this.#nextItem);
    const firstItem = this.#nextItem;
    this.#nextItem += end === 'never ends' ? 0 : items;
    const signal = random.below(4) === 0 ? signals[0] : undefined;
    return {
      end,
      items,
      firstItem,
      isAsync,
      leaveAfter:
        end === 'stalls'
          ? items
          : end === 'never ends' || random.below(3) === 0
            ? random.below(30)
            : Infinity,
      isSlow: random.below(2) === 0,
      options: {
        ordered: random.below(2) === 0,
        settle: random.below(2) === 0,
        ...(random.below(2) && { concurrency: 1 + random.below(5) }),
        ...(random.below(3) === 0 && { chunk: 1 + random.below(4) }),
        priority: random.below(4) - 1,
        ...(signal && { signal }),
      },
      given: [],
    };
  }

  async #run(stream: Stream): Promise<void> {
    this.#open++;
    const got: unknown[] = [];
    let end = 'ended';
    try {
      const source = stream.isAsync ? this.#asyncSource(stream) : this.#source(stream);
      const results = this.#mp.map(StormService, 'mapped', source, stream.options);
      for (;;) {
        if (got.length >= stream.leaveAfter) {
          end = 'left';
          // The consumer leaves while it waits, which a source that stalls must not hold up.
          const pending = stream.isAsync ? results.next().catch(() => {}) : undefined;
          await results.return();
          await pending;
          break;
        }
        const { done, value } = await results.next();
        if (done) {
          break;
        }
        got.push(value);
        if (stream.isSlow) {
          await new Promise((resolve) => setTimeout(resolve, this.#random.below(3)));
        }
      }
    } catch (error) {
      end = this.#endBy(error, stream);
    }
    this.#judge(stream, got, end);
    this.#given.push(...stream.given);
    const name = `map(): source ${stream.end}, loop ${end}`;
    this.outcomes[name] = (this.outcomes[name] ?? 0) + 1;
    this.#open--;
  }

  /** Why a loop has thrown; what it must not throw is wrong. */
  #endBy(error: unknown, { end, options, given }: Stream): string {
    if (error === BROKEN && end === 'fails') {
      return 'failed with its source';
    }
    const { message, code, cause } = error as { message?: string; code?: string; cause?: unknown };
    if (options.signal?.aborted && code === 'ASYNCERMP_CANCELLED' && cause === 'signal') {
      return 'aborted';
    }
    const isOfItem = given.some((item) => isFailingItem(item) && message === `item ${item}`);
    if (!options.settle && (isOfItem || code === 'ASYNCERMP_WORKER_CRASHED')) {
      return 'failed with an item';
    }
    this.wrong.push(`map() over a source that ${end} threw ${String(error)}`);
    return 'threw';
  }

  /** The results are those of the items, each once, in their order where that is promised, and all if it ended. */
  #judge({ given, options, end: sourceEnd }: Stream, got: readonly unknown[], end: string): void {
    const places = options.settle
      ? (got as readonly MapOutcome<number>[]).map(({ index }) => index)
      : (got as readonly number[]).map((item) => given.indexOf(item));
    const expected = options.ordered ? places.map((_, place) => place) : [...new Set(places)];
    if (places.join() !== expected.join() || places.includes(-1)) {
      this.wrong.push(`the results of map() are those of the items ${places.join()}`);
    }
    const isWhole = end === 'ended' || (end === 'failed with its source' && options.settle);
    if (isWhole && got.length !== given.length) {
      this.wrong.push(`map() gave ${got.length} results of ${given.length}, and has ${end}`);
    }
    if (end === 'ended' && (sourceEnd === 'fails' || sourceEnd === 'stalls')) {
      this.wrong.push(`map() ended over a source that ${sourceEnd}`);
    }
    for (const outcome of options.settle ? (got as readonly MapOutcome<number>[]) : []) {
      const item = given[outcome.index] ?? -1;
      const isRight =
        outcome.status === 'fulfilled'
          ? outcome.value === item && !isFailingItem(item)
          : this.#mayFailWith(outcome.reason, item, options);
      if (!isRight) {
        this.wrong.push(`item ${item} of map() came to ${JSON.stringify(outcome)}`);
      }
    }
  }

  #mayFailWith(reason: unknown, item: number, { signal }: MapOptions): boolean {
    const { message, code } = reason as { message?: string; code?: string };
    return (
      (isFailingItem(item) && message === `item ${item}`) ||
      code === 'ASYNCERMP_WORKER_CRASHED' ||
      (code === 'ASYNCERMP_CANCELLED' && signal?.aborted === true)
    );
  }

  *#source(stream: Stream): Generator<Item, void, undefined> {
    if (stream.end === 'never ends') {
      // Until the numbers run out.
      while (this.#nextItem < this.#endOfItems) {
        yield this.#give(stream, this.#nextItem++);
      }
    } else {
      for (let count = 0; count < stream.items; count++) {
        yield this.#give(stream, stream.firstItem + count);
      }
    }
    if (stream.end === 'fails') {
      throw BROKEN;
    }
  }

  async *#asyncSource(stream: Stream): AsyncGenerator<Item, void, undefined> {
    for (const item of this.#source({
      ...stream,
      end: stream.end === 'fails' ? 'ends' : stream.end,
    })) {
      if (this.#random.below(3) === 0) {
        await turns(1);
      }
      yield item;
    }
    if (stream.end === 'fails') {
      throw BROKEN;
    }
    if (stream.end === 'stalls') {
      await new Promise(() => {});
    }
  }

  #give({ given }: Stream, item: number): Item {
    this.#userCode();
    given.push(item);
    return [this.#cells.shared, item];
  }
}
