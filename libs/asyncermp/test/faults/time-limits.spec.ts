import { TaskTimeoutError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { rejectionOf, until } from '../support/outcomes.js';
import { blockFor, occupyAll, startFaults } from './start.js';

describe('timeout', () => {
  it("counts from the attempt's start, not from submission", async () => {
    const { mp } = await startFaults();
    const [open, started] = [new Flag(), new Flag()];
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    const task = await mp.submit(FaultService, 'work', [60], { timeout: 600 });
    // It has waited longer than it may run.
    await until(() => task.waitMs > 650);
    open.raise();
    await expect(task.result).resolves.toBe(await holding);
  });

  it('ends an endless loop, whose worker is replaced', async () => {
    const application = await startFaults({ maxProcesses: 2, cancelGrace: 20 });
    const { mp } = application;
    const before = await occupyAll(application, 2);
    const error = await rejectionOf(
      mp.run(FaultService, 'spin', [], { uid: 'stuck', timeout: 50 }),
    );
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(error).toMatchObject({
      phase: 'run',
      limit: 50,
      uid: 'stuck',
      handler: 'FaultService.spin',
    });
    const after = await occupyAll(application, 2);
    expect(new Set([...before, ...after]).size).toBe(3);
  });

  it('is seen by a handler that looks, and then costs no worker', async () => {
    const { mp, get } = await startFaults({ cancelGrace: 60_000 });
    const thread = await get(FaultService).thread();
    for (const method of ['spinCooperatively', 'waitForAbort'] as const) {
      const stopped = new Flag();
      const run = mp.run(FaultService, method, [undefined, stopped.shared], { timeout: 30 });
      expect(await rejectionOf(run)).toMatchObject({ phase: 'run', limit: 30 });
      await stopped.reached();
    }
    expect(await get(FaultService).thread()).toBe(thread);
  });

  it('of one task is paid for by no other', async () => {
    const application = await startFaults({ maxProcesses: 2, cancelGrace: 20 });
    const { mp } = application;
    await occupyAll(application, 2);
    const [open, started] = [new Flag(), new Flag()];
    const neighbour = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    const stuck = rejectionOf(mp.run(FaultService, 'spin', [], { timeout: 50 }));
    const waiting = Array.from({ length: 50 }, () => mp.run(FaultService, 'thread', []));
    expect(await stuck).toBeInstanceOf(TaskTimeoutError);
    await Promise.all(waiting);
    open.raise();
    await neighbour;
    expect(mp.stats()).toMatchObject({ completed: 53, failed: 1, retried: 0 });
  });

  it('is not for a task that was done in time while the application was busy', async () => {
    const { mp } = await startFaults();
    const [open, started] = [new Flag(), new Flag()];
    const task = mp.run(FaultService, 'gate', [open.shared, started.shared], {
      timeout: 200,
      deadline: 250,
    });
    await started.reached();
    setImmediate(() => {
      open.raise();
      blockFor(400);
    });
    await expect(task).resolves.toBeTypeOf('number');
  });
});

describe('queueTimeout', () => {
  it('ends a task that waits too long, and it never runs', async () => {
    const { mp } = await startFaults();
    const [open, started, ran] = [new Flag(), new Flag(), new Flag()];
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    const task = await mp.submit(FaultService, 'gate', [open.shared, ran.shared], {
      queueTimeout: 30,
    });
    expect(await rejectionOf(task.result)).toMatchObject({
      code: 'ASYNCERMP_TIMEOUT',
      phase: 'queue',
      limit: 30,
    });
    expect(task).toMatchObject({ state: 'failed', attempt: 0 });
    open.raise();
    await holding;
    await mp.drain();
    expect(ran.count).toBe(0);
  });

  it('is over once the task has begun', async () => {
    const { mp } = await startFaults();
    const [open, started] = [new Flag(), new Flag()];
    const task = await mp.submit(FaultService, 'gate', [open.shared, started.shared], {
      queueTimeout: 1_000,
    });
    await started.reached();
    await until(() => task.runMs > 1_100);
    open.raise();
    await expect(task.result).resolves.toBeTypeOf('number');
  });

  it('is for the first attempt: a retry may wait longer', async () => {
    const { mp } = await startFaults();
    const [open, started, calls] = [new Flag(), new Flag(), new Flag()];
    const retried = await mp.submit(FaultService, 'failUntil', [2, calls.shared], {
      attempts: 2,
      backoff: 50,
      queueTimeout: 500,
    });
    await calls.reached();
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared], { priority: 1 });
    await started.reached();
    const since = performance.now();
    await until(() => performance.now() - since > 600);
    open.raise();
    await holding;
    await expect(retried.result).resolves.toBe(2);
  });
});

describe('deadline', () => {
  it('ends a task that waits, one that runs, and one between attempts', async () => {
    const application = await startFaults({ maxProcesses: 2, cancelGrace: 60_000 });
    const { mp } = application;
    await occupyAll(application, 2);
    const [open, started, calls] = [new Flag(), new Flag(), new Flag()];
    const limits = { deadline: 400, queueTimeout: 60_000, timeout: 60_000 };
    const retries = rejectionOf(
      mp.run(FaultService, 'failUntil', [9, calls.shared], {
        ...limits,
        attempts: 9,
        backoff: 60_000,
      }),
    );
    await calls.reached();
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    const runs = rejectionOf(mp.run(FaultService, 'spinCooperatively', [started.shared], limits));
    const waits = rejectionOf(
      mp.run(FaultService, 'thread', [], { ...limits, deadline: 200, priority: -1 }),
    );
    expect(await waits).toMatchObject({ phase: 'deadline', limit: 200 });
    expect(await runs).toMatchObject({ phase: 'deadline', limit: 400 });
    expect(await retries).toMatchObject({ phase: 'deadline', limit: 400 });
    open.raise();
    await holding;
    expect(calls.count).toBe(1);
  });

  it('counts all attempts together', async () => {
    const { mp } = await startFaults({ cancelGrace: 60_000 });
    const started = new Flag();
    const error = await rejectionOf(
      mp.run(FaultService, 'spinCooperatively', [started.shared], {
        attempts: 100,
        timeout: 60,
        deadline: 400,
      }),
    );
    expect(error).toMatchObject({ phase: 'deadline' });
    expect(started.count).toBeGreaterThan(1);
    expect(started.count).toBeLessThan(8);
  });
});

it('leaves no timer behind when 100,000 tasks with a deadline are cancelled', async () => {
  const { mp } = await startFaults();
  await mp.pause();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const controller = new AbortController();
  const tasks = Array.from({ length: 100_000 }, (_, index) =>
    mp.run(FaultService, 'thread', [], {
      deadline: 60_000 + index,
      signal: controller.signal,
    }),
  );
  expect(timers()).toBeGreaterThan(before);
  controller.abort();
  await Promise.allSettled(tasks);
  expect(timers() - before).toBeLessThanOrEqual(0);
});
