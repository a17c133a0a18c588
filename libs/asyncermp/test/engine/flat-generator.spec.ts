import { array, assert, asyncProperty, constantFrom, integer, oneof, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlatGenerator } from '../../src/engine/map.js';

type Calls = string[];

/** Yields the batches in order, and throws at the place of one that is null. */
async function* batchesOf(
  batches: readonly (readonly number[] | null)[],
  calls: Calls,
): AsyncGenerator<readonly number[], void, undefined> {
  try {
    for (const [index, batch] of batches.entries()) {
      await Promise.resolve();
      calls.push(`asked for ${index}`);
      if (batch === null) {
        throw new Error('broken');
      }
      yield batch;
    }
  } finally {
    calls.push('closed');
  }
}

/** The generator that FlatGenerator must behave like. */
async function* reference(
  batches: AsyncIterable<readonly number[]>,
): AsyncGenerator<number, void, undefined> {
  for await (const batch of batches) {
    yield* batch;
  }
}

type Call = 'next' | 'return' | 'throw';
/** `waitsFor`: the next step comes after its own answer (0) or an earlier one. */
type Step = { readonly call: Call; readonly waitsFor: number | null };

/** Makes the calls. Returns the answers in the order in which they came. */
async function play(
  generator: AsyncGenerator<number, void, undefined>,
  steps: readonly Step[],
): Promise<Calls> {
  const calls: Calls = [];
  const answers: Promise<unknown>[] = [];
  for (const [index, { call, waitsFor }] of steps.entries()) {
    const asked =
      call === 'next'
        ? generator.next()
        : call === 'return'
          ? generator.return()
          : generator.throw(new Error('thrown in'));
    const answer = asked.then(
      ({ done, value }) => calls.push(`${index}: ${done ? 'done' : value}`),
      (error: Error) => calls.push(`${index}: ${error.message}`),
    );
    answers.push(answer);
    if (waitsFor !== null) {
      await answers[index - waitsFor];
    }
  }
  await Promise.all(answers);
  return calls;
}

describe('FlatGenerator', () => {
  it('answers random calls as an async generator with yield* of each batch does', async () => {
    const batch = oneof(
      { weight: 5, arbitrary: array(integer({ min: 0, max: 9 }), { maxLength: 3 }) },
      { weight: 1, arbitrary: constantFrom(null) },
    );
    const step = record({
      call: oneof(
        { weight: 6, arbitrary: constantFrom<Call>('next') },
        { weight: 1, arbitrary: constantFrom<Call>('return', 'throw') },
      ),
      waitsFor: constantFrom(null, 0, 1, 2),
    });
    await assert(
      asyncProperty(
        array(batch, { maxLength: 4 }),
        array(step, { maxLength: 12 }),
        async (batches, steps) => {
          const [expected, actual]: [Calls, Calls] = [[], []];
          const answers = await play(new FlatGenerator(batchesOf(batches, actual)), steps);
          expect(answers).toEqual(await play(reference(batchesOf(batches, expected)), steps));
          expect(actual).toEqual(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('asks for a batch only when the one before has been taken', async () => {
    const calls: Calls = [];
    const items = new FlatGenerator(batchesOf([[1, 2], [], [3]], calls));
    expect(await items.next()).toEqual({ done: false, value: 1 });
    expect(await items.next()).toEqual({ done: false, value: 2 });
    expect(calls).toEqual(['asked for 0']);
    expect(await items.next()).toEqual({ done: false, value: 3 });
    expect(calls).toEqual(['asked for 0', 'asked for 1', 'asked for 2']);
  });

  it('closes its source when a loop is left and when it is disposed of', async () => {
    const calls: Calls = [];
    for await (const item of new FlatGenerator(batchesOf([[1, 2]], calls))) {
      expect(item).toBe(1);
      break;
    }
    expect(calls).toEqual(['asked for 0', 'closed']);
    const items = new FlatGenerator(batchesOf([[1]], calls));
    await items.next();
    await items[Symbol.asyncDispose]();
    expect(calls).toHaveLength(4);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });
});
