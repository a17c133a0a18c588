import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { DuplicateTaskError, TaskCancelledError, type TaskOptions } from 'nestjs-asyncermp';
import { CalcService, AdderService, SquareService } from './.fixtures/calc.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { rejectionOf, turns } from './support/outcomes.js';
import { collectUnhandled } from './support/unhandled.js';

const providers = [GatedService, CalcService, AdderService, SquareService];

describe('a uid that is queued or running', () => {
  it('is refused with DuplicateTaskError', async () => {
    const { mp } = await startApplication({ providers });
    const gate = makeGate();
    const running = mp.run(GatedService, 'hold', [gate.shared, 1], { uid: 'running' });
    await gate.waitFor(1);
    const queued = mp.run(GatedService, 'hold', [gate.shared, 2], { uid: 'queued' });
    for (const uid of ['running', 'queued']) {
      const error = await rejectionOf(mp.submit(GatedService, 'hold', [gate.shared, 3], { uid }));
      expect(error).toBeInstanceOf(DuplicateTaskError);
      expect(error).toMatchObject({
        code: 'ASYNCERMP_DUPLICATE',
        uid,
        handler: 'GatedService.hold',
      });
      await expect(mp.run(CalcService, 'square', [3], { uid })).rejects.toThrow(uid);
    }
    expect(mp.stats().accepted).toBe(2);
    gate.open();
    await expect(Promise.all([running, queued])).resolves.toEqual([1, 2]);
    expect(gate.record).toEqual([1, 2]);
  });

  it("is joined with onDuplicate: 'join': the task runs once, and all callers get its outcome", async () => {
    const { mp } = await startApplication({ providers });
    const gate = makeGate();
    const first = await mp.submit(GatedService, 'hold', [gate.shared, 1], { uid: 'a' });
    const join = { uid: 'a', onDuplicate: 'join' } as const;
    const second = await mp.submit(GatedService, 'hold', [gate.shared, 2], join);
    const third = mp.run(GatedService, 'hold', [gate.shared, 3], join);
    await gate.waitFor(1);
    expect(second).toMatchObject({ uid: 'a', state: 'running' });
    gate.open();
    await expect(Promise.all([first.result, second.result, third])).resolves.toEqual([1, 1, 1]);
    expect(gate.record).toEqual([1]);
    expect(mp.stats()).toMatchObject({ accepted: 1, completed: 1 });
  });

  it("is joined by every submission if the defaults of the module say onDuplicate: 'join'", async () => {
    const options = { maxProcesses: 1, defaults: { onDuplicate: 'join' } } as const;
    const { mp } = await startApplication({ options, providers });
    const gate = makeGate();
    const both = [1, 2].map((id) => mp.run(GatedService, 'hold', [gate.shared, id], { uid: 'a' }));
    gate.open();
    await expect(Promise.all(both)).resolves.toEqual([1, 1]);
    await expect(
      mp.run(GatedService, 'hold', [gate.shared, 3], { uid: 'a', onDuplicate: 'reject' }),
    ).resolves.toBe(3);
  });

  it('is not joined by a task of another handler', async () => {
    const { mp } = await startApplication({ providers });
    const gate = makeGate();
    const first = mp.run(GatedService, 'hold', [gate.shared, 1], { uid: 'a' });
    const other = mp.run(CalcService, 'square', [3], { uid: 'a', onDuplicate: 'join' });
    await expect(other).rejects.toBeInstanceOf(DuplicateTaskError);
    gate.open();
    await first;
  });

  it('may be used again once its task has settled', async () => {
    const { mp } = await startApplication({ providers });
    for (const n of [1, 2, 3]) {
      await expect(mp.run(CalcService, 'square', [n], { uid: 'again' })).resolves.toBe(n * n);
    }
  });
});

describe('a caller of a task that others have joined', () => {
  const abort = (): AbortController => new AbortController();
  const joining = (signal?: AbortSignal): TaskOptions => ({
    uid: 'a',
    onDuplicate: 'join',
    ...(signal && { signal }),
  });

  it('leaves by its own signal: it is rejected with the reason, and the task goes on for the others', async () => {
    const { mp } = await startApplication({ providers });
    for (const leaving of [0, 1, 2]) {
      const gate = makeGate();
      const controllers = [abort(), abort(), abort()];
      const callers = controllers.map(({ signal }) =>
        mp.run(GatedService, 'linger', [gate.shared, 1], joining(signal)),
      );
      await gate.waitFor(1);
      controllers[leaving]?.abort('no longer needed');
      const [left] = callers.splice(leaving, 1);
      const error = await rejectionOf(left ?? Promise.resolve());
      expect(error).toBeInstanceOf(TaskCancelledError);
      expect(error).toMatchObject({ uid: 'a', cause: 'no longer needed' });
      expect(mp.get('a')?.state).toBe('running');
      gate.open();
      await expect(Promise.all(callers)).resolves.toEqual([1, 1]);
      expect(gate.record).toEqual([1]);
      const listening = controllers.map(({ signal }) => getEventListeners(signal, 'abort').length);
      expect(listening).toEqual([0, 0, 0]);
    }
    expect(mp.stats()).toMatchObject({ accepted: 3, completed: 3, cancelled: 0 });
  });

  it('ends the task if it is the last one to leave', async () => {
    const { mp } = await startApplication({ providers });
    await mp.pause();
    const [first, second] = [abort(), abort()];
    const task = await mp.submit(CalcService, 'square', [3], joining(first.signal));
    const joined = await mp.submit(CalcService, 'square', [3], joining(second.signal));
    first.abort('one');
    expect(task.state).toBe('queued');
    second.abort('two');
    expect(task.state).toBe('cancelled');
    expect(await rejectionOf(task.result)).toMatchObject({ cause: 'one' });
    expect(await rejectionOf(joined.result)).toMatchObject({ cause: 'two' });
    expect(mp.stats()).toMatchObject({ accepted: 1, cancelled: 1, waiting: 0 });
  });

  it('without a signal keeps the task, whether it came first or joined', async () => {
    const { mp } = await startApplication({ providers });
    for (const place of [0, 1, 2]) {
      await mp.pause();
      const controllers = [abort(), abort(), abort()];
      const callers = controllers.map(({ signal }, index) =>
        mp.run(CalcService, 'square', [3], joining(index === place ? undefined : signal)),
      );
      const outcomes = Promise.allSettled(callers);
      for (const controller of controllers) {
        controller.abort();
      }
      await mp.resume();
      const states = (await outcomes).map(({ status }) => status);
      expect(states).toEqual(
        [0, 1, 2].map((index) => (index === place ? 'fulfilled' : 'rejected')),
      );
    }
  });

  it('is refused if its signal is aborted already, and the task goes on', async () => {
    const { mp } = await startApplication({ providers });
    const gate = makeGate();
    const running = mp.run(GatedService, 'hold', [gate.shared, 1], { uid: 'a' });
    await gate.waitFor(1);
    const joiner = mp.submit(GatedService, 'hold', [gate.shared, 2], {
      ...joining(AbortSignal.abort('too late')),
    });
    expect(await rejectionOf(joiner)).toMatchObject({ uid: 'a', cause: 'too late' });
    gate.open();
    await expect(running).resolves.toBe(1);
  });

  it('leaves also while the task waits for admission, which it gives up with its last caller', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 1, maxQueue: 0, onFull: 'wait' },
      providers,
    });
    const gate = makeGate();
    const running = mp.run(GatedService, 'hold', [gate.shared, 0]);
    await gate.waitFor(1);
    for (const stays of [true, false]) {
      const controllers = [abort(), abort()];
      const callers = controllers.map(({ signal }) =>
        mp.run(CalcService, 'square', [3], joining(signal)),
      );
      const outcomes = Promise.allSettled(callers);
      expect(mp.stats().admitting).toBe(1);
      controllers[0]?.abort('left');
      expect(mp.stats().admitting).toBe(1);
      if (stays) {
        gate.open();
        await running;
      } else {
        controllers[1]?.abort('left');
        expect(mp.stats().admitting).toBe(0);
      }
      expect(await outcomes).toMatchObject([
        { status: 'rejected', reason: { cause: 'left' } },
        stays
          ? { status: 'fulfilled', value: 9 }
          : { status: 'rejected', reason: { cause: 'left' } },
      ]);
      if (stays) {
        gate.close();
        void mp.run(GatedService, 'hold', [gate.shared, 1]);
        await gate.waitFor(2);
      }
    }
    gate.open();
    await mp.drain();
  });

  it('is cancelled with the others by cancel() of a handle and of the service', async () => {
    const { mp } = await startApplication({ providers });
    await mp.pause();
    for (const cancel of ['handle', 'uid']) {
      const task = await mp.submit(CalcService, 'square', [3], joining(abort().signal));
      const joined = await mp.submit(CalcService, 'square', [3], joining(abort().signal));
      expect(cancel === 'uid' ? mp.cancel('a', 'all') : joined.cancel('all')).toBe(true);
      expect(await rejectionOf(task.result)).toMatchObject({ cause: 'all' });
      expect(await rejectionOf(joined.result)).toMatchObject({ cause: 'all' });
    }
  });

  it('has no unhandled rejection if it holds a handle, and one if it has called run()', async () => {
    const { mp } = await startApplication({ providers });
    await mp.pause();
    const [first, second] = [abort(), abort()];
    const unhandled = await collectUnhandled(async () => {
      const task = await mp.submit(CalcService, 'square', [3], joining(first.signal));
      void task.result;
      void mp.run(CalcService, 'square', [3], joining(second.signal));
      first.abort('watched');
      second.abort('not watched');
      await turns(3);
    });
    expect(unhandled).toMatchObject([{ cause: 'not watched' }]);
  });

  it('has its own frames in the stack of a failure', async () => {
    const { mp } = await startApplication({ providers });
    async function callerOfTimeout(): Promise<unknown> {
      const options = { ...joining(abort().signal), queueTimeout: 1 };
      return await mp.run(CalcService, 'square', [3], options);
    }
    await mp.pause();
    expect(((await rejectionOf(callerOfTimeout())) as Error).stack).toContain('callerOfTimeout');
  });
});
