import { array, assert, asyncProperty, constantFrom, integer, oneof, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlatGenerator } from '../../src/engine/map.js';

type Told = string[];

/** Gives the batches, one after the other, and fails at the place of one that is null. */
async function* batchesOf(
  batches: readonly (readonly number[] | null)[],
  told: Told,
): AsyncGenerator<readonly number[], void, undefined> {
  try {
    for (const [index, batch] of batches.entries()) {
      await Promise.resolve();
      told.push(`asked for ${index}`);
      if (batch === null) {
        throw new Error('broken');
      }
      yield batch;
    }
  } finally {
    told.push('closed');
  }
}

/** What it is to be like. */
async function* reference(
  batches: AsyncIterable<readonly number[]>,
): AsyncGenerator<number, void, undefined> {
  for await (const batch of batches) {
    yield* batch;
  }
}

type Call = 'next' | 'return' | 'throw';
/** `waitsFor`: for its own answer (0) or an earlier one, before the next step. */
type Step = { readonly call: Call; readonly waitsFor: number | null };

/** Its answers, in the order in which they came. */
async function play(
  generator: AsyncGenerator<number, void, undefined>,
  steps: readonly Step[],
): Promise<Told> {
  const told: Told = [];
  const answers: Promise<unknown>[] = [];
  for (const [index, { call, waitsFor }] of steps.entries()) {
    const asked =
      call === 'next'
        ? generator.next()
        : call === 'return'
          ? generator.return()
          : generator.throw(new Error('thrown in'));
    const answer = asked.then(
      ({ done, value }) => told.push(`${index}: ${done ? 'done' : value}`),
      (error: Error) => told.push(`${index}: ${error.message}`),
    );
    answers.push(answer);
    if (waitsFor !== null) {
      await answers[index - waitsFor];
    }
  }
  await Promise.all(answers);
  return told;
}

describe('FlatGenerator', () => {
  it('answers as an async generator with a yield* of each batch does, whoever asks what and when', async () => {
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
          const [expected, actual]: [Told, Told] = [[], []];
          const answers = await play(new FlatGenerator(batchesOf(batches, actual)), steps);
          expect(answers).toEqual(await play(reference(batchesOf(batches, expected)), steps));
          expect(actual).toEqual(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('asks for a batch when the one before has been taken, and no earlier', async () => {
    const told: Told = [];
    const items = new FlatGenerator(batchesOf([[1, 2], [], [3]], told));
    expect(await items.next()).toEqual({ done: false, value: 1 });
    expect(await items.next()).toEqual({ done: false, value: 2 });
    expect(told).toEqual(['asked for 0']);
    expect(await items.next()).toEqual({ done: false, value: 3 });
    expect(told).toEqual(['asked for 0', 'asked for 1', 'asked for 2']);
  });

  it('is closed by a loop that is left, and by its disposal', async () => {
    const told: Told = [];
    for await (const item of new FlatGenerator(batchesOf([[1, 2]], told))) {
      expect(item).toBe(1);
      break;
    }
    expect(told).toEqual(['asked for 0', 'closed']);
    const items = new FlatGenerator(batchesOf([[1]], told));
    await items.next();
    await items[Symbol.asyncDispose]();
    expect(told).toHaveLength(4);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });
});
