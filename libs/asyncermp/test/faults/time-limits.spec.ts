import { TaskEvent, TaskTimeoutError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { rejectionOf, until } from '../support/outcomes.js';
import { blockFor } from '../support/blocking.js';
import { occupyAll, startFaults } from './start.js';

describe('timeout', () => {
  it("counts from the attempt's start, not from submission", async () => {
    const { mp } = await startFaults({ cancelGrace: 60_000 });
    const [open, started] = [new Flag(), new Flag()];
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    const task = await mp.submit(FaultService, 'spinCooperatively', [], { timeout: 100 });
    // When this one fails, the task before it has waited longer than it may run.
    const later = mp.run(FaultService, 'thread', [], { queueTimeout: 150 });
    expect(await rejectionOf(later)).toMatchObject({ phase: 'queue' });
    expect(task.state).toBe('queued');
    open.raise();
    await holding;
    expect(await rejectionOf(task.result)).toMatchObject({ phase: 'run', limit: 100 });
    expect(task.waitMs).toBeGreaterThan(100);
    expect(task.runMs).toBeGreaterThan(90);
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

  it('is seen by a cooperative handler, which then keeps its worker', async () => {
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

  it('of one task harms no other task', async () => {
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

  it('does not fail a task that finished in time while the application was busy', async () => {
    const { mp } = await startFaults();
    const [open, started] = [new Flag(), new Flag()];
    const task = mp.run(FaultService, 'gate', [open.shared, started.shared], {
      // The handler has this long to begin and to return, on any machine.
      timeout: 3_000,
      deadline: 4_000,
    });
    await started.reached();
    setImmediate(() => {
      open.raise();
      // Both limits have passed when the application reads the result.
      blockFor(4_100);
    });
    await expect(task).resolves.toBeTypeOf('number');
  });
});

describe('queueTimeout', () => {
  it('fails a task that waits too long, which then never runs', async () => {
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

  it('does not count once the task has begun', async () => {
    const { mp } = await startFaults();
    const [open, started] = [new Flag(), new Flag()];
    // The task has this long to begin, on any machine.
    const limits = { queueTimeout: 3_000 };
    const task = mp.run(FaultService, 'gate', [open.shared, started.shared], limits);
    await started.reached();
    // The same limit has passed for the task behind it, which has not begun.
    const behind = mp.run(FaultService, 'thread', [], limits);
    expect(await rejectionOf(behind)).toMatchObject({ phase: 'queue' });
    open.raise();
    await expect(task).resolves.toBeTypeOf('number');
  });

  it('counts for the first attempt only: a retry may wait longer', async () => {
    const { mp, emitter } = await startFaults();
    const [open, calls] = [new Flag(), new Flag()];
    let holding: Promise<number> | undefined;
    emitter.once(TaskEvent.Retrying, () => {
      holding = mp.run(FaultService, 'gate', [open.shared]);
    });
    // The first attempt has this long to begin, on any machine.
    const limits = { queueTimeout: 3_000 };
    const retried = await mp.submit(FaultService, 'failUntil', [2, calls.shared], {
      ...limits,
      attempts: 2,
      backoff: 1,
    });
    await calls.reached();
    await until('the retry waits for the worker', () => retried.state === 'queued');
    // The same limit has passed for the task behind it, which waits for its first attempt.
    const behind = mp.run(FaultService, 'thread', [], limits);
    expect(await rejectionOf(behind)).toMatchObject({ phase: 'queue' });
    expect(retried).toMatchObject({ state: 'queued', attempt: 1 });
    open.raise();
    await holding;
    await expect(retried.result).resolves.toBe(2);
  });
});

describe('deadline', () => {
  it('fails a task that waits, one that runs and one between attempts', async () => {
    const application = await startFaults({ maxProcesses: 2, cancelGrace: 60_000 });
    const { mp } = application;
    await occupyAll(application, 2);
    const [open, started, calls] = [new Flag(), new Flag(), new Flag()];
    // The first attempts have this long to begin, on any machine.
    const limits = { deadline: 3_000, queueTimeout: 60_000, timeout: 60_000 };
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
    expect(await runs).toMatchObject({ phase: 'deadline', limit: 3_000 });
    expect(await retries).toMatchObject({ phase: 'deadline', limit: 3_000 });
    open.raise();
    await holding;
    expect(calls.count).toBe(1);
  });

  it('counts all attempts together', async () => {
    const { mp } = await startFaults({ cancelGrace: 60_000 });
    const started = new Flag();
    const error = await rejectionOf(
      mp.run(FaultService, 'spinCooperatively', [started.shared], {
        // All of them would take longer than the deadline, and two take less, on any machine.
        attempts: 100,
        timeout: 50,
        deadline: 3_000,
      }),
    );
    expect(error).toMatchObject({ phase: 'deadline', limit: 3_000 });
    expect(started.count).toBeGreaterThan(1);
    expect(started.count).toBeLessThan(100);
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
