import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MapOptions, MapOutcome } from '../../src/contract/map-options.js';
import { LiveSource } from '../support/live-source.js';
import { turns } from '../support/outcomes.js';
import { MapWorld } from './map-world.js';

const BROKEN = new Error('the source failed');

/** Takes results of one `map()` when the test says so, and checks what it gets. */
class SlowConsumer {
  readonly got: unknown[] = [];
  readonly #results: AsyncGenerator<unknown, void, undefined>;
  isDone = false;
  error: unknown = undefined;
  #isWaiting = false;

  constructor(results: AsyncGenerator<unknown, void, undefined>) {
    this.#results = results;
  }

  take(): void {
    if (!this.#isWaiting && !this.isDone) {
      this.#isWaiting = true;
      void this.#next();
    }
  }

  async leave(): Promise<void> {
    await this.#results.return();
    this.isDone = true;
  }

  async #next(): Promise<void> {
    try {
      const { done, value } = await this.#results.next();
      if (done) {
        this.isDone = true;
      } else {
        this.got.push(value);
      }
    } catch (error) {
      this.isDone = true;
      this.error = error;
    }
    this.#isWaiting = false;
  }
}

const lane = fc.nat({ max: 2 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('give' as const), lane }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('take' as const), lane }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('ready' as const), lane }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('begin' as const), lane }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('complete' as const), lane }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('fail' as const), lane }) },
);
const end = fc.constantFrom('ends', 'fails', 'stalls' as const);
const options = fc.record({
  ordered: fc.boolean(),
  settle: fc.boolean(),
  concurrency: fc.integer({ min: 1, max: 5 }),
  attempts: fc.integer({ min: 1, max: 2 }),
});

it('random sources of map() that end, fail or stall, and a slow consumer: each result comes once and in order, then the error; the books are right after every step; nothing hangs or is left behind', async () => {
  const steps = fc.array(step, { minLength: 5, maxLength: 60 });
  await fc.assert(fc.asyncProperty(steps, end, fc.boolean(), fc.boolean(), options, play), {
    numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100),
  });
});

it.each([true, false])(
  'a chunk whose result was forged, and is no list of results, gives errors and no results (settle: %s)',
  async (settle) => {
    const world = new MapWorld();
    // A model lane returns a number.
    const consumer = new SlowConsumer(world.map([[1], [2]], { chunk: 2, settle }));
    for (let round = 0; round < 100 && !consumer.isDone; round++) {
      consumer.take();
      world.workOnce();
      await turns(1);
    }
    const { error } = consumer;
    const errors = settle
      ? (consumer.got as { reason?: unknown }[]).map(({ reason }) => reason)
      : [error];
    expect(errors).toHaveLength(settle ? 2 : 1);
    for (const each of errors) {
      expect(each).toMatchObject({ code: 'ASYNCERMP_SERIALIZATION', path: 'result' });
    }
    expect(consumer.isDone).toBe(true);
    await world.close();
  },
);

async function play(
  steps: readonly {
    what: 'give' | 'take' | 'ready' | 'begin' | 'complete' | 'fail';
    lane: number;
  }[],
  sourceEnd: 'ends' | 'fails' | 'stalls',
  isLeft: boolean,
  isAborted: boolean,
  given: MapOptions,
): Promise<void> {
  const world = new MapWorld();
  const source = new LiveSource<readonly [number]>();
  const controller = new AbortController();
  const consumer = new SlowConsumer(
    world.map(source, { ...given, signal: controller.signal, chunk: 1 }),
  );
  let items = 0;
  for (const { what, lane: index } of steps) {
    if (what === 'give') {
      source.give([items++]);
    } else if (what === 'take') {
      consumer.take();
    } else {
      world.work(what, index);
    }
    world.check();
    await turns(1);
    world.check();
  }
  if (sourceEnd === 'ends') {
    source.end();
  } else if (sourceEnd === 'fails') {
    source.fail(BROKEN);
  }
  if (isAborted) {
    controller.abort('of the test');
  }
  if (isLeft) {
    // Nothing that it may wait for comes meanwhile.
    const left = consumer.leave();
    await turns(2);
    check(consumer.isDone, 'return() hangs');
    await left;
    world.forbidStarts();
  }
  for (let round = 0; round < 1_000 && !consumer.isDone; round++) {
    consumer.take();
    const worked = world.workOnce();
    world.check();
    await turns(1);
    world.check();
    if (sourceEnd === 'stalls' && !worked && !isAborted) {
      break;
    }
  }
  const isStalled = sourceEnd === 'stalls' && !consumer.isDone;
  check(consumer.isDone || isStalled, 'the loop hangs');
  if (isStalled) {
    await consumer.leave();
  }
  judge(world, consumer, given);
  const isWhole = !isLeft && !isAborted && !isStalled;
  if (isWhole && (given.settle || !world.hasFailed)) {
    check(consumer.got.length === items, `${consumer.got.length} of ${items} results came`);
    check(
      consumer.error === (sourceEnd === 'fails' ? BROKEN : undefined),
      `the loop ended with ${String(consumer.error)}`,
    );
  }
  await world.close();
}

/** The results are those of the items, each once, and in their order where that is asked for. */
function judge(world: MapWorld, { got }: SlowConsumer, { settle, ordered }: MapOptions): void {
  const places = settle
    ? (got as MapOutcome<unknown>[]).map(({ index }) => index)
    : (got as number[]).map((seq) => world.itemOf(seq));
  const expected = ordered ? places.map((_, place) => place) : [...new Set(places)];
  check(places.join() === expected.join(), `the results are those of the items ${places.join()}`);
  if (settle) {
    for (const outcome of got as MapOutcome<number>[]) {
      check(
        outcome.status === 'rejected' || world.itemOf(outcome.value) === outcome.index,
        `the result of item ${outcome.index} is that of another one`,
      );
    }
  }
}

function check(isRight: boolean, what: string): void {
  if (!isRight) {
    throw new Error(what);
  }
}
