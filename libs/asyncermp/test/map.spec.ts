import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  TaskCancelledError,
  TaskSerializationError,
  type MapOutcome,
  type TaskCompletedEvent,
  TaskEvent,
} from 'nestjs-asyncermp';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { FaultService } from './.fixtures/fault.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, shareApplication } from './support/application.js';
import { thrownBy, until } from './support/outcomes.js';

const providers = [AdderService, SquareService, CalcService, FaultService, GatedService];

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const result of results) {
    collected.push(result);
  }
  return collected;
}

async function errorOf(results: AsyncIterable<unknown>): Promise<unknown> {
  try {
    await collect(results);
  } catch (error) {
    return error;
  }
  throw new Error('map() did not fail');
}

describe('map()', () => {
  const application = shareApplication({
    options: { maxProcesses: 2, minProcesses: 2 },
    providers,
  });

  it('yields the results of 5,000 items in the order of the items, with fewer tasks than items', async () => {
    const { mp } = application();
    const items = Array.from({ length: 5_000 }, (_, n) => [n] as const);
    const results = await collect(mp.map(CalcService, 'square', items));
    expect(results).toEqual(items.map(([n]) => n * n));
    // How many fewer depends on how long an item takes.
    expect(mp.stats().accepted).toBeLessThan(5_000);
  });

  it('takes the name of a handler, and yields nothing for an empty source', async () => {
    const { mp } = application();
    expect(await collect(mp.map<number>('CalcService.square', [[3], [4]]))).toEqual([9, 16]);
    expect(await collect(mp.map(CalcService, 'square', []))).toEqual([]);
  });

  it('reads an endless source no further than its window, and closes it when the loop is left', async () => {
    const { mp } = application();
    let read = 0;
    let isClosed = false;
    function* endless(): Generator<[number]> {
      try {
        for (;;) {
          yield [read++];
        }
      } finally {
        isClosed = true;
      }
    }
    const results: number[] = [];
    for await (const result of mp.map(CalcService, 'square', endless(), {
      chunk: 2,
      concurrency: 3,
    })) {
      results.push(result);
      expect(read).toBeLessThanOrEqual(results.length + 2 * (3 + 1));
      if (results.length === 50) {
        break;
      }
    }
    expect(results).toEqual(Array.from({ length: 50 }, (_, n) => n * n));
    expect(isClosed).toBe(true);
    await mp.drain();
  });

  it('yields results of an asynchronous source before the source has ended', async () => {
    const { mp } = application();
    let letGo: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    async function* slow(): AsyncGenerator<[number]> {
      yield [2];
      yield [3];
      await held;
      yield [4];
    }
    const results: number[] = [];
    for await (const result of mp.map(CalcService, 'square', slow())) {
      results.push(result);
      if (results.length === 2) {
        letGo();
      }
    }
    expect(results).toEqual([4, 9, 16]);
  });

  it('yields results as they are ready with ordered: false', async () => {
    const { mp } = application();
    const gate = makeGate();
    const results = mp.map(GatedService, 'hold', [[gate.shared, 1]], { ordered: false });
    const first = results.next();
    await gate.waitFor(1);
    const both = mp.map('CalcService.square', [[5], [6]], {
      ordered: false,
      chunk: 1,
      concurrency: 2,
    });
    expect(new Set(await collect(both))).toEqual(new Set([25, 36]));
    gate.open();
    expect(await first).toEqual({ done: false, value: 1 });
    expect((await results.next()).done).toBe(true);
  });

  it('throws the first error, and cancels the tasks in flight', async () => {
    const { mp } = application();
    const items = Array.from({ length: 100 }, (_, n) => [`item ${n}`] as [string]);
    const error = await errorOf(mp.map(FaultService, 'fail', items));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'item 0' });
    await mp.drain();
  });

  it('continues after errors with settle: true, and yields the outcome of each item', async () => {
    const { mp } = application();
    const shared = new SharedArrayBuffer(4);
    const items = Array.from({ length: 6 }, () => [3, shared] as [number, SharedArrayBuffer]);
    const outcomes: MapOutcome<number>[] = await collect(
      mp.map(FaultService, 'failUntil', items, { settle: true, chunk: 3, concurrency: 1 }),
    );
    expect(outcomes.map(({ index, status }) => [index, status])).toEqual([
      [0, 'rejected'],
      [1, 'rejected'],
      [2, 'fulfilled'],
      [3, 'fulfilled'],
      [4, 'fulfilled'],
      [5, 'fulfilled'],
    ]);
    expect(outcomes[0]).toMatchObject({ reason: { message: 'call 1' } });
  });

  it('with settle: true fails only the item whose result has a getter that changes its mind, or gives what it says then', async () => {
    const { mp } = application();
    const items = Array.from({ length: 8 }, (_, reads) => [reads] as const);
    const outcomes = await collect(
      mp.map(CalcService, 'unsteady', items, { chunk: 8, settle: true }),
    );
    expect(outcomes).toHaveLength(8);
    expect(outcomes.map(({ index }) => index)).toEqual(items.map(([reads]) => reads));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject(
        outcome.status === 'fulfilled'
          ? { value: { read: expect.any(Number) } }
          : { reason: { path: 'result.read' } },
      );
    }
    expect(outcomes.map(({ status }) => status)).toContain('rejected');
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
  });

  it('names the index of an item that cannot be cloned, and with settle: true fails only that item', async () => {
    const { mp } = application();
    const bad = (() => 1) as unknown as number;
    const items: [number][] = [[1], [2], [bad], [4]];
    const error = await errorOf(mp.map(CalcService, 'square', items, { chunk: 4 }));
    expect(error).toBeInstanceOf(TaskSerializationError);
    expect(error).toMatchObject({ path: 'items[2][0]' });
    const outcomes = await collect(
      mp.map(CalcService, 'square', items, { chunk: 4, settle: true }),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('is cancelled by its signal', async () => {
    const { mp } = application();
    const gate = makeGate();
    const controller = new AbortController();
    const ended = errorOf(
      mp.map(GatedService, 'hold', [[gate.shared, 1]], { signal: controller.signal }),
    );
    await gate.waitFor(1);
    controller.abort('enough');
    const error = await ended;
    expect(error).toBeInstanceOf(TaskCancelledError);
    expect(error).toMatchObject({ cause: 'enough' });
  });

  it('sends each item as a task of its own if a timeout is given', async () => {
    const { mp, next } = application();
    await collect(
      mp.map(
        CalcService,
        'square',
        Array.from({ length: 50 }, () => [1]),
      ),
    );
    const completed = next<TaskCompletedEvent>(TaskEvent.Completed);
    await collect(mp.map(CalcService, 'square', [[7], [7]], { timeout: 10_000 }));
    expect(await completed).toMatchObject({ items: 1, result: 49 });
  });

  it('reports in events how many items a task had', async () => {
    const { mp, next } = application();
    const completed = next<TaskCompletedEvent>(TaskEvent.Completed);
    await collect(mp.map(CalcService, 'square', [[7], [8]], { chunk: 2 }));
    expect(await completed).toMatchObject({ items: 2, result: [49, 64] });
  });

  it('calls onProgress with the number of finished items', async () => {
    const { mp } = application();
    const reports: unknown[] = [];
    await collect(
      mp.map(CalcService, 'square', [[1], [2], [3]], {
        chunk: 1,
        onProgress: (done, total) => reports.push([done, total]),
      }),
    );
    expect(reports).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('refuses unknown and wrong options at the call', () => {
    const { mp } = application();
    for (const options of [
      { chunk: 0 },
      { concurrency: 1.5 },
      { settle: 'yes' },
      { order: true },
      { priority: Number.NaN },
    ]) {
      const error = thrownBy(() => mp.map('CalcService.square', [[1]], options as object));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(Object.keys(options)[0]);
    }
  });

  it('leaves nothing in flight', async () => {
    const { mp } = application();
    await mp.drain();
    await until('no attempt runs', () => mp.stats().running === 0);

    expect(mp.stats()).toMatchObject({ waiting: 0, running: 0, retrying: 0, admitting: 0 });
  });
});
