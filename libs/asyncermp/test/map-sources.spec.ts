import { getEventListeners } from 'node:events';
import { ShutdownError, TaskCancelledError, TaskEvent } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from './.fixtures/fault.flag.js';
import { FaultService } from './.fixtures/fault.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, shareApplication, startApplication } from './support/application.js';
import { LiveSource } from './support/live-source.js';
import { rejectionOf, until } from './support/outcomes.js';

const providers = [FaultService, GatedService];

/** What a loop got, and the error that ended it, if one did. */
async function consume<T>(
  results: AsyncIterable<T>,
  onResult: (result: T) => unknown = () => {},
): Promise<{ got: T[]; error?: unknown }> {
  const got: T[] = [];
  try {
    for await (const result of results) {
      got.push(result);
      await onResult(result);
    }
  } catch (error) {
    return { got, error };
  }
  return { got };
}

describe('the error of a source of map()', () => {
  const application = shareApplication({ options: { maxProcesses: 2 }, providers });
  const broken = new RangeError('the cursor broke');

  for (const ordered of [true, false]) {
    it(`comes after the results before it, also if the source fails while the loop is busy (ordered: ${ordered})`, async () => {
      const { mp } = application();
      const source = new LiveSource<[number]>([1], [2], [3]);
      const results = mp.map(FaultService, 'echo', source, { ordered, chunk: 1, concurrency: 8 });
      const { got, error } = await consume(results, async () => {
        if (!source.isClosed) {
          await source.asked();
          source.fail(broken);
          await until('the source has failed', () => source.isClosed);
        }
      });
      expect(new Set(got)).toEqual(new Set([1, 2, 3]));
      expect(error).toBe(broken);
    });

    it(`comes after the results before it if the source is synchronous (ordered: ${ordered})`, async () => {
      const { mp } = application();
      function* source(): Generator<[number]> {
        yield [1];
        yield [2];
        yield [3];
        throw broken;
      }
      for (const chunk of [1, 2, 4]) {
        const options = { ordered, chunk, concurrency: 8 };
        const { got, error } = await consume(mp.map(FaultService, 'echo', source(), options));
        expect(new Set(got)).toEqual(new Set([1, 2, 3]));
        expect(error).toBe(broken);
      }
    });
  }

  it('comes after the outcomes with settle: true', async () => {
    const { mp } = application();
    const source = new LiveSource<[string]>(['no']);
    source.fail(broken);
    const { got, error } = await consume(
      mp.map(FaultService, 'fail', source, { settle: true, chunk: 1 }),
    );
    expect(got).toMatchObject([{ status: 'rejected', reason: { message: 'no' } }]);
    expect(error).toBe(broken);
  });

  it('ends the loop whether its next() rejects, throws or answers with nonsense', async () => {
    const { mp } = application();
    const nexts = [
      () => Promise.reject(broken),
      () => {
        throw broken;
      },
      () =>
        Promise.resolve({
          get done(): boolean {
            throw broken;
          },
        }),
    ] as (() => Promise<IteratorResult<[number]>>)[];
    for (const next of nexts) {
      const source = { [Symbol.asyncIterator]: () => ({ next }) };
      expect(await consume(mp.map(FaultService, 'echo', source))).toEqual({
        got: [],
        error: broken,
      });
    }
  });

  it('of its return() ends a loop that is left, and does not replace the error of a handler', async () => {
    const { mp } = application();
    const source = {
      *[Symbol.iterator](): Generator<[string]> {
        try {
          for (;;) {
            yield ['handler'];
          }
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- that is what is tested
          throw broken;
        }
      },
    };
    const left = mp.map(FaultService, 'echo', source);
    await left.next();
    expect(await rejectionOf(left.return())).toBe(broken);
    const failed = await consume(mp.map(FaultService, 'fail', source));
    expect(failed.error).toMatchObject({ message: 'handler' });
  });
});

describe('a map() over a source that gives nothing more and does not end', () => {
  const application = shareApplication({ options: { maxProcesses: 2 }, providers });

  it('is left at once by break, and its source is closed when that answers', async () => {
    const { mp } = application();
    const source = new LiveSource<[number]>([1], [2], [3]);
    const got: unknown[] = [];
    for await (const result of mp.map(FaultService, 'echo', source, { chunk: 1 })) {
      got.push(result);
      if (got.length === 2) {
        await source.asked();
        break;
      }
    }
    expect(got).toEqual([1, 2]);
    expect(source.isClosed).toBe(false);
    source.give([4]);
    await until('the source is closed', () => source.isClosed);
    await mp.drain();
  });

  it('is ended at once by a handler that fails and by a consumer that throws', async () => {
    const { mp } = application();
    const failing = await consume(mp.map(FaultService, 'fail', new LiveSource<[string]>(['no'])));
    expect(failing.error).toMatchObject({ message: 'no' });
    const source = new LiveSource<[number]>([1]);
    const thrown = new Error('of the consumer');
    const consumed = await consume(mp.map(FaultService, 'echo', source), async () => {
      await source.asked();
      throw thrown;
    });
    expect(consumed).toEqual({ got: [1], error: thrown });
  });

  it('is left at once by return(), throw() and await using while a call of next() waits', async () => {
    const { mp } = application();
    const thrown = new Error('of the consumer');
    const answers = [];
    for (const leave of ['return', 'throw', 'dispose'] as const) {
      const source = new LiveSource<[number]>();
      const results = mp.map(FaultService, 'echo', source);
      const next = results.next();
      await source.asked();
      const left =
        leave === 'return'
          ? results.return()
          : leave === 'throw'
            ? rejectionOf(results.throw(thrown))
            : results[Symbol.asyncDispose]();
      expect(await next).toEqual({ done: true, value: undefined });
      answers.push(await left);
    }
    expect(answers).toEqual([{ done: true, value: undefined }, thrown, undefined]);
  });

  it('is ended by its signal, and leaves no listener on it', async () => {
    const { mp } = application();
    for (const settle of [true, false]) {
      const controller = new AbortController();
      const { signal } = controller;
      const source = new LiveSource<[number]>([1]);
      const { got, error } = await consume(
        mp.map(FaultService, 'echo', source, { signal, settle, chunk: 1 }),
        async () => {
          await source.asked();
          setImmediate(() => controller.abort('enough'));
        },
      );
      expect(got).toHaveLength(1);
      expect(error).toBeInstanceOf(TaskCancelledError);
      expect(error).toMatchObject({ cause: 'enough', handler: 'FaultService.echo' });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
  });

  it('is ended by the shutdown of the application', async () => {
    const { app, mp } = await startApplication({ providers });
    const source = new LiveSource<[number]>([1]);
    const ended = consume(mp.map(FaultService, 'echo', source));
    await until('the item was processed', () => mp.stats().completed === 1);
    await source.asked();
    await app.close();
    expect(await ended).toMatchObject({ got: [1], error: expect.any(ShutdownError) as unknown });
  });
});

describe('leaving map()', () => {
  it('cancels its tasks that run, that wait, and that wait for admission', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 1, maxQueue: 1, onFull: 'wait' },
      providers,
    });
    const gate = makeGate();
    const items = [1, 2, 3, 4].map((id) => [gate.shared, id] as [SharedArrayBuffer, number]);
    const results = mp.map(GatedService, 'linger', items, { concurrency: 4, chunk: 1 });
    const next = results.next();
    await gate.waitFor(1);
    expect(mp.stats()).toMatchObject({ running: 1, waiting: 1, admitting: 2 });
    await results.return();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(mp.stats()).toMatchObject({ waiting: 0, admitting: 0, accepted: 2, cancelled: 2 });
    gate.open();
    await mp.drain();
    await mp.run(GatedService, 'note', [gate.shared, 9]);
    expect(gate.record).toEqual([1, 9]);
  });

  it('cancels its tasks that wait for another attempt', async () => {
    const { mp, next } = await startApplication({ providers });
    const calls = new Flag();
    const retrying = next(TaskEvent.Retrying);
    const options = { attempts: 9, backoff: 600_000 };
    const results = mp.map(FaultService, 'failUntil', [[9, calls.shared]], options);
    const waiting = results.next();
    await retrying;
    await results.return();
    expect((await waiting).done).toBe(true);
    expect(mp.stats()).toMatchObject({ retrying: 0, cancelled: 1 });
    await mp.drain();
    expect(calls.count).toBe(1);
  });

  it('starts nothing more, also if its source is what leaves it', async () => {
    const { mp } = await startApplication({ providers });
    let read = 0;
    let leave: () => void = () => {};
    function* source(): Generator<[number]> {
      for (;;) {
        read++;
        if (read === 2) {
          leave();
        }
        yield [read];
      }
    }
    const results = mp.map(FaultService, 'echo', source(), { chunk: 1, concurrency: 5 });
    leave = () => void results.return();
    expect(await results.next()).toEqual({ done: true, value: undefined });
    expect(read).toBe(2);
    expect(mp.stats()).toMatchObject({ accepted: 1, cancelled: 1 });
  });
});
