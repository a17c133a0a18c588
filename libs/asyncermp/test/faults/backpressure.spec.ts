import { ShutdownError, TaskCancelledError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { rejectionOf } from '../support/outcomes.js';
import { startFaults } from './start.js';

const waiting = { onFull: 'wait' } as const;

describe('submissions that wait for room', () => {
  it('are accepted when a stuck worker has been ended', async () => {
    const { mp } = await startFaults({ ...waiting, maxQueue: 0, cancelGrace: 20 });
    const started = new Flag();
    const stubborn = await mp.submit(FaultService, 'spin', [started.shared]);
    await started.reached();
    stubborn.cancel();
    const next = mp.run(FaultService, 'echo', ['next']);
    expect(mp.stats()).toMatchObject({ admitting: 1, running: 1 });
    await expect(next).resolves.toBe('next');
  });

  it('are accepted when resize() gives more room', async () => {
    const { mp } = await startFaults({ ...waiting, maxQueue: 0 });
    const [open, started] = [new Flag(), new Flag()];
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    const next = mp.run(FaultService, 'echo', ['next']);
    expect(mp.stats().admitting).toBe(1);
    mp.resize(2);
    await expect(next).resolves.toBe('next');
    open.raise();
    await holding;
  });

  it('are accepted in their order when 20,000 of them get room at once', async () => {
    const { mp } = await startFaults({ ...waiting, maxQueue: 20_000 });
    await mp.pause();
    const controller = new AbortController();
    const { signal } = controller;
    // One more than the queue takes: the worker is free for one.
    const first = Array.from({ length: 20_001 }, () =>
      mp.run(FaultService, 'echo', [0], { signal }),
    );
    const admitted: number[] = [];
    const second = Array.from({ length: 20_000 }, async (_, index) => {
      const task = await mp.submit(FaultService, 'echo', [index]);
      admitted.push(index);
      return task;
    });
    expect(mp.stats()).toMatchObject({ waiting: 20_001, admitting: 20_000 });
    controller.abort();
    await Promise.allSettled(first);
    const tasks = await Promise.all(second);
    expect(admitted).toEqual(second.map((_, index) => index));
    await mp.resume();
    await Promise.all(tasks.map(({ result }) => result));
  });

  it('end when their signal is aborted, and drain() does not wait for them', async () => {
    const { mp } = await startFaults({ ...waiting, maxQueue: 0, cancelGrace: 300 });
    const started = new Flag();
    const stubborn = await mp.submit(FaultService, 'spin', [started.shared]);
    await started.reached();
    stubborn.cancel();
    const controller = new AbortController();
    const next = rejectionOf(mp.run(FaultService, 'echo', [1], { signal: controller.signal }));
    const drained = mp.drain();
    controller.abort('gave up');
    const error = await next;
    expect(error).toBeInstanceOf(TaskCancelledError);
    expect(error).toMatchObject({ cause: 'gave up' });
    await drained;
    expect(mp.stats()).toMatchObject({ accepted: 1, admitting: 0 });
  });

  it('are refused with ShutdownError at shutdown, and drain() does not wait for them', async () => {
    const { app, mp } = await startFaults({ ...waiting, maxQueue: 0, cancelGrace: 20 });
    const started = new Flag();
    const stubborn = await mp.submit(FaultService, 'spin', [started.shared]);
    await started.reached();
    stubborn.cancel();
    const next = rejectionOf(mp.run(FaultService, 'echo', [1]));
    const drained = mp.drain();
    await app.close();
    expect(await next).toBeInstanceOf(ShutdownError);
    await drained;
  });
});
