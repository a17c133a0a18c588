import { describe, expect, it } from 'vitest';
import { QueueFullError, ShutdownError, TaskCancelledError } from 'nestjs-asyncermp';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { rejectionOf, until } from './support/outcomes.js';

const start = (maxQueue: number, onFull: 'reject' | 'wait') =>
  startApplication({ options: { maxProcesses: 1, maxQueue, onFull }, providers: [GatedService] });

describe('a full queue', () => {
  it('refuses submissions with QueueFullError, and accepts them again when there is room', async () => {
    const { mp } = await start(2, 'reject');
    const gate = makeGate();
    const submit = (id: number) => mp.submit(GatedService, 'hold', [gate.shared, id]);
    await submit(1);
    await gate.waitFor(1);
    const second = await submit(2);
    await submit(3);
    const error = await rejectionOf(submit(4));
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error).toMatchObject({
      code: 'ASYNCERMP_QUEUE_FULL',
      handler: 'GatedService.hold',
      maxQueue: 2,
    });
    await expect(mp.run(GatedService, 'hold', [gate.shared])).rejects.toThrow('maxQueue');
    second.cancel();
    await submit(5);
    await expect(submit(6)).rejects.toBeInstanceOf(QueueFullError);
    gate.open();
    await mp.drain();
    expect(gate.record).toEqual([1, 3, 5]);
    expect(mp.stats()).toMatchObject({ accepted: 4, completed: 3, cancelled: 1 });
  });

  it('of maxQueue: 0 still accepts a task for each free worker', async () => {
    const { mp } = await start(0, 'reject');
    const gate = makeGate();
    const running = mp.run(GatedService, 'hold', [gate.shared, 1]);
    await expect(mp.run(GatedService, 'hold', [gate.shared, 2])).rejects.toThrow('maxQueue');
    await gate.waitFor(1);
    await expect(mp.run(GatedService, 'hold', [gate.shared, 3])).rejects.toThrow('maxQueue');
    gate.open();
    await running;
    await expect(mp.run(GatedService, 'hold', [gate.shared, 4])).resolves.toBe(4);
  });
});

describe("a full queue with onFull: 'wait'", () => {
  it('lets submissions wait for room, and accepts them in their order', async () => {
    const { mp } = await start(1, 'wait');
    const gate = makeGate();
    const accepted: number[] = [];
    const submissions = Array.from({ length: 6 }, async (_, id) => {
      const task = await mp.submit(GatedService, 'hold', [gate.shared, id]);
      accepted.push(id);
      return task.result;
    });
    await gate.waitFor(1);
    await until('two submissions were accepted', () => accepted.length >= 2);
    expect(accepted).toEqual([0, 1]);
    expect(mp.stats()).toMatchObject({ waiting: 1, admitting: 4, accepted: 2 });
    gate.open();
    await expect(Promise.all(submissions)).resolves.toEqual([0, 1, 2, 3, 4, 5]);
    expect(accepted).toEqual([0, 1, 2, 3, 4, 5]);
    expect(gate.record).toEqual([0, 1, 2, 3, 4, 5]);
    expect(mp.stats()).toMatchObject({ admitting: 0, completed: 6 });
  });

  it('drops a waiting submission that is cancelled or whose signal is aborted', async () => {
    const { mp } = await start(1, 'wait');
    const gate = makeGate();
    const controller = new AbortController();
    const { signal } = controller;
    const submit = (id: number, options = {}) =>
      mp.submit(GatedService, 'hold', [gate.shared, id], options);
    await submit(0);
    await gate.waitFor(1);
    await submit(1);
    const aborted = submit(2, { signal, uid: 'two' });
    const cancelled = submit(3, { uid: 'three' });
    const run = mp.run(GatedService, 'hold', [gate.shared, 4], { signal });
    const last = submit(5);
    expect(mp.stats().admitting).toBe(4);
    expect(mp.get('two')?.state).toBe('queued');
    controller.abort('gave up');
    expect(mp.cancel('three', 'not this one')).toBe(true);
    expect(await rejectionOf(aborted)).toBeInstanceOf(TaskCancelledError);
    expect(await rejectionOf(aborted)).toMatchObject({ cause: 'gave up', uid: 'two' });
    expect(await rejectionOf(cancelled)).toMatchObject({ cause: 'not this one' });
    expect(await rejectionOf(run)).toMatchObject({ cause: 'gave up' });
    expect(mp.get('two')).toBeUndefined();
    expect(mp.stats()).toMatchObject({ admitting: 1, accepted: 2, cancelled: 0 });
    gate.open();
    await (
      await last
    ).result;
    expect(gate.record).toEqual([0, 1, 5]);
  });

  it("refuses the uid of a waiting submission, or joins it with onDuplicate: 'join'", async () => {
    const { mp } = await start(0, 'wait');
    const gate = makeGate();
    const submit = (id: number, options = {}) =>
      mp.run(GatedService, 'hold', [gate.shared, id], options);
    const first = submit(0);
    await gate.waitFor(1);
    const second = submit(1, { uid: 'a' });
    await expect(submit(2, { uid: 'a' })).rejects.toThrow('is queued or running already');
    const joined = submit(3, { uid: 'a', onDuplicate: 'join' });
    gate.open();
    await expect(Promise.all([first, second, joined])).resolves.toEqual([0, 1, 1]);
  });

  it('delays drain(), and refuses its waiting submissions at shutdown', async () => {
    const { app, mp } = await start(0, 'wait');
    const [gate, next] = [makeGate(), makeGate()];
    const first = mp.run(GatedService, 'hold', [gate.shared, 0]);
    await gate.waitFor(1);
    const second = mp.run(GatedService, 'hold', [next.shared, 1]);
    let drained = false;
    const draining = mp.drain().then(() => (drained = true));
    gate.open();
    await expect(first).resolves.toBe(0);
    await next.waitFor(1);
    expect(drained).toBe(false);
    const refused = rejectionOf(mp.run(GatedService, 'hold', [gate.shared, 2]));
    const closing = app.close();
    expect(await refused).toBeInstanceOf(ShutdownError);
    next.open();
    await expect(second).resolves.toBe(1);
    await Promise.all([draining, closing]);
    expect(gate.record).toEqual([0]);
  });
});
