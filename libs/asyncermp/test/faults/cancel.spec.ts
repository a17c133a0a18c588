import { TaskCancelledError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { blockUntil } from '../support/blocking.js';
import { rejectionOf } from '../support/outcomes.js';
import { occupyAll, startFaults } from './start.js';

describe('a queued task that is cancelled', () => {
  it('never runs, whether its handle, its uid or a signal cancels it', async () => {
    const { mp } = await startFaults();
    const open = new Flag();
    const started = new Flag();
    const ran = new Flag();
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    const controller = new AbortController();
    const submit = (uid: string) =>
      mp.submit(FaultService, 'gate', [open.shared, ran.shared], {
        uid,
        ...(uid === 'signal' && { signal: controller.signal }),
      });
    const [handle, byUid, signal] = await Promise.all(['handle', 'uid', 'signal'].map(submit));
    expect(handle?.cancel('by handle')).toBe(true);
    expect(mp.cancel('uid', 'by uid')).toBe(true);
    controller.abort('by signal');
    for (const [task, cause] of [
      [handle, 'by handle'],
      [byUid, 'by uid'],
      [signal, 'by signal'],
    ] as const) {
      const error = await rejectionOf(task?.result ?? Promise.resolve());
      expect(error).toBeInstanceOf(TaskCancelledError);
      expect(error).toMatchObject({ cause, uid: task?.uid });
      expect(task).toMatchObject({ state: 'cancelled', attempt: 0, runMs: 0 });
    }
    open.raise();
    await holding;
    await mp.drain();
    expect(ran.count).toBe(0);
  });

  it('is cancelled once: cancel() returns false afterwards and for an unknown uid', async () => {
    const { mp, get } = await startFaults();
    await mp.pause();
    const task = await mp.submit(FaultService, 'thread', [], { uid: 'once' });
    expect(task.cancel()).toBe(true);
    expect(task.cancel()).toBe(false);
    expect(mp.cancel('once')).toBe(false);
    expect(mp.cancel('unknown')).toBe(false);
    await mp.resume();
    await get(FaultService).thread();
    expect(mp.stats()).toMatchObject({ cancelled: 1, completed: 1 });
  });

  it('is refused at the call if its signal is already aborted', async () => {
    const { mp } = await startFaults();
    const signal = AbortSignal.abort('too late');
    const error = await rejectionOf(mp.submit(FaultService, 'thread', [], { signal }));
    expect(error).toMatchObject({ code: 'ASYNCERMP_CANCELLED', cause: 'too late' });
    expect(mp.stats().accepted).toBe(0);
  });
});

describe('a running task that is cancelled', () => {
  it('sees the cancel in a synchronous loop, and keeps its worker', async () => {
    const { mp, get } = await startFaults({ cancelGrace: 60_000 });
    const thread = await get(FaultService).thread();
    const [started, stopped] = [new Flag(), new Flag()];
    const task = await mp.submit(FaultService, 'spinCooperatively', [
      started.shared,
      stopped.shared,
    ]);
    await started.reached();
    expect(task.state).toBe('running');
    task.cancel('enough');
    expect(task.state).toBe('cancelled');
    await stopped.reached();
    expect(await rejectionOf(task.result)).toMatchObject({ cause: 'enough' });
    expect(await get(FaultService).thread()).toBe(thread);
  });

  it('sees the cancel through its signal, and keeps its worker', async () => {
    const { mp, get } = await startFaults({ cancelGrace: 60_000 });
    const thread = await get(FaultService).thread();
    const [started, stopped] = [new Flag(), new Flag()];
    const task = await mp.submit(FaultService, 'waitForAbort', [started.shared, stopped.shared]);
    await started.reached();
    task.cancel('enough');
    await stopped.reached();
    expect(await rejectionOf(task.result)).toBeInstanceOf(TaskCancelledError);
    expect(await get(FaultService).thread()).toBe(thread);
  });

  it('has its worker replaced after cancelGrace if it does not stop', async () => {
    const application = await startFaults({ maxProcesses: 2, cancelGrace: 20 });
    const { mp } = application;
    const before = await occupyAll(application, 2);
    const started = new Flag();
    const task = await mp.submit(FaultService, 'spin', [started.shared]);
    await started.reached();
    task.cancel();
    expect(mp.stats().running).toBe(1);
    const after = await occupyAll(application, 2);
    expect(new Set([...before, ...after]).size).toBe(3);
    expect(mp.stats()).toMatchObject({ cancelled: 1, failed: 0 });
  });

  it('does not take the prefetched task behind it along when its worker is ended', async () => {
    const { mp } = await startFaults({ cancelGrace: 0 });
    const [open, shut, began, started] = [new Flag(), new Flag(), new Flag(), new Flag()];
    open.raise();
    for (let run = 0; run < 100; run++) {
      await mp.run(FaultService, 'gate', [open.shared]);
    }
    const task = await mp.submit(FaultService, 'spinCooperatively', [started.shared]);
    // Prefetched, since its handler was a short one so far.
    const behind = mp.run(FaultService, 'gate', [shut.shared, began.shared]);
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        started.block();
        task.cancel();
        // The worker could begin the next task before this thread reads that it has stopped.
        blockUntil(() => began.count === 1, 100);
        resolve();
      });
    });
    await began.reached();
    shut.raise();
    await expect(behind).resolves.toBeTypeOf('number');
    expect(mp.stats()).toMatchObject({ failed: 0, cancelled: 1 });
  });
});
