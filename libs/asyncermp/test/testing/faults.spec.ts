import {
  ConfigurationError,
  currentTask,
  TaskEvent,
  TaskTimeoutError,
  WorkerCrashedError,
} from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { PressService } from '../.fixtures/press.service.js';
import { OutOfInkError } from '../.fixtures/failing.service.js';
import { rejectionOf, thrownBy } from '../support/outcomes.js';
import { listOf, setUp } from './bench.js';

describe('failNext()', () => {
  it('fails the next task with the error, and none after it', async () => {
    const { testing, press } = await setUp();
    testing.failNext(PressService, 'print', new TypeError('jam'));
    const error = await rejectionOf(press.print('a'));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: 'jam' });
    await expect(press.print('b')).resolves.toBe('B');
    expect(press.calls).toEqual(['b']);
  });

  it('copies the error as a worker would: of a custom class only the name arrives', async () => {
    const { testing, press } = await setUp();
    const thrown = new OutOfInkError('cyan');
    testing.failNext('PressService.print', thrown);
    const error = await rejectionOf(press.print('a'));
    expect(error).not.toBe(thrown);
    expect(error).not.toBeInstanceOf(OutOfInkError);
    expect(error).toMatchObject({ name: 'OutOfInkError', code: 'E_INK', colour: 'cyan' });
  });

  it('is retried like any other failure', async () => {
    const { testing, press } = await setUp();
    testing.failNext(PressService, 'printInTime', new Error('jam'));
    await expect(press.printInTime('a')).resolves.toBe('a at attempt 2');
    expect(testing.eventsOf(TaskEvent.Retrying)).toMatchObject([{ attempt: 1 }]);
  });

  it('fails as many tasks as times says, Infinity for all', async () => {
    const { testing, press } = await setUp();
    testing.failNext(PressService, 'printInTime', new Error('jam'), { times: 3 });
    await expect(press.printInTime('a')).rejects.toThrow('jam');
    await expect(press.printInTime('b')).resolves.toBe('b at attempt 2');
    testing.failNext(PressService, 'print', new Error('stuck'), { times: Infinity });
    for (const page of ['c', 'd', 'e']) {
      await expect(press.print(page)).rejects.toThrow('stuck');
    }
    expect(press.calls).toEqual(['b']);
  });

  it('can be called several times, and the faults come in that order', async () => {
    const { testing, press } = await setUp();
    testing.failNext(PressService, 'print', new Error('first'));
    testing.crashNext(PressService, 'print');
    await expect(press.print('a')).rejects.toThrow('first');
    expect(await rejectionOf(press.print('b'))).toBeInstanceOf(WorkerCrashedError);
    await expect(press.print('c')).resolves.toBe('C');
  });

  it('fails one item of a map() with settle: true, and no other item', async () => {
    const { mp, testing, press } = await setUp();
    const items = ['a', 'b', 'c'].map((page) => [page] as const);
    const options = { chunk: 3, settle: true } as const;
    testing.failNext(PressService, 'print', new Error('jam'));
    const outcomes = await listOf(mp.map(PressService, 'print', items, options));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(press.calls).toEqual(['b', 'c']);
  });

  it('refuses wrong values of times', async () => {
    const { testing } = await setUp();
    for (const times of [0, -1, 1.5, Number.NaN]) {
      const error = thrownBy(() =>
        testing.failNext(PressService, 'print', new Error('jam'), { times }),
      );
      expect(error).toBeInstanceOf(ConfigurationError);
    }
  });
});

describe('crashNext()', () => {
  it('fails the task as if its worker had died, and the pool goes on', async () => {
    const { mp, testing, press } = await setUp();
    testing.crashNext(PressService, 'print');
    const error = await rejectionOf(press.print('a'));
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(error).toMatchObject({ reason: 'exit', exitCode: 1, handler: 'PressService.print' });
    await expect(press.print('b')).resolves.toBe('B');
    expect(press.calls).toEqual(['b']);
    expect(mp.stats()).toMatchObject({ failed: 1, completed: 1, running: 0 });
  });

  it('crashes with the given exit code, reason or cause', async () => {
    const { testing, press } = await setUp();
    testing.crashNext(PressService, 'print', { exitCode: 70 });
    testing.crashNext(PressService, 'print', { reason: 'error', cause: new RangeError('late') });
    testing.crashNext(PressService, 'print', { reason: 'out-of-memory' });
    expect(await rejectionOf(press.print('a'))).toMatchObject({ reason: 'exit', exitCode: 70 });
    const uncaught = (await rejectionOf(press.print('b'))) as WorkerCrashedError;
    expect(uncaught.reason).toBe('error');
    expect(uncaught.cause).toBeInstanceOf(RangeError);
    expect(await rejectionOf(press.print('c'))).toMatchObject({
      reason: 'out-of-memory',
      cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
    });
    const typo = { reason: 'segfault' } as object;
    expect(thrownBy(() => testing.crashNext('PressService.print', typo))).toBeInstanceOf(
      ConfigurationError,
    );
  });

  it('is retried according to crashAttempts, and not to attempts', async () => {
    const { mp, testing, press } = await setUp();
    testing.crashNext(PressService, 'print');
    const result = mp.run(PressService, 'print', ['a'], { crashAttempts: 2 });
    await expect(result).resolves.toBe('A');
    testing.crashNext(PressService, 'printInTime');
    expect(await rejectionOf(press.printInTime('b'))).toBeInstanceOf(WorkerCrashedError);
  });

  it('crashes a held task, and none of those that wait', async () => {
    const { testing, press } = await setUp();
    testing.hold();
    testing.crashNext(PressService, 'print');
    const results = ['a', 'b'].map((page) => press.print(page));
    const outcomes = Promise.allSettled(results);
    await testing.untilHeld();
    testing.releaseAll();
    const [first, second] = await outcomes;
    expect(first).toMatchObject({ reason: expect.any(WorkerCrashedError) });
    expect(second).toMatchObject({ value: 'B' });
  });

  it('takes all items of a map() task with it', async () => {
    const { mp, testing, press } = await setUp();
    testing.crashNext(PressService, 'print');
    const items = ['a', 'b'].map((page) => [page] as const);
    const options = { chunk: 2, settle: true } as const;
    const outcomes = await listOf(mp.map(PressService, 'print', items, options));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: expect.any(WorkerCrashedError) });
    }
    expect(outcomes).toHaveLength(2);
    expect(press.calls).toEqual([]);
  });
});

describe('timeoutNext()', () => {
  it('fails the task with TaskTimeoutError at once', async () => {
    const { mp, testing, press } = await setUp();
    testing.timeoutNext(PressService, 'print');
    const error = await rejectionOf(mp.run(PressService, 'print', ['a'], { timeout: 3_600_000 }));
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(error).toMatchObject({ phase: 'run', limit: 3_600_000 });
    expect(press.calls).toEqual([]);
  });

  it('is retried like any other run timeout', async () => {
    const { testing, press } = await setUp();
    testing.timeoutNext(PressService, 'printInTime');
    await expect(press.printInTime('a')).resolves.toBe('a at attempt 2');
    const [retrying] = testing.eventsOf(TaskEvent.Retrying, PressService, 'printInTime');
    expect(retrying?.error).toBeInstanceOf(TaskTimeoutError);
  });

  it('takes all items of a map() task with it', async () => {
    const { mp, testing } = await setUp();
    testing.timeoutNext(PressService, 'print');
    const items = ['a', 'b'].map((page) => [page] as const);
    const options = { chunk: 2, settle: true, timeout: 1_000 } as const;
    const outcomes = await listOf(mp.map(PressService, 'print', items, options));
    expect(outcomes).toHaveLength(2);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: expect.any(TaskTimeoutError) });
    }
    expect(testing.eventsOf(TaskEvent.Failed)).toHaveLength(1);
  });

  it('fails the task with ConfigurationError if it has no timeout', async () => {
    const { testing, press } = await setUp();
    testing.timeoutNext(PressService, 'print');
    const error = await rejectionOf(press.print('a'));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain('PressService.print has no timeout');
  });
});

it('failNext() has no effect on an instance that is made with new', async () => {
  const { testing } = await setUp();
  testing.failNext(PressService, 'print', new Error('jam'));
  await expect(new PressService().print('a')).resolves.toBe('A');
  expect(currentTask().uid).toBeUndefined();
});
