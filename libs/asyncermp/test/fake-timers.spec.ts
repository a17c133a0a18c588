import { TaskTimeoutError } from 'nestjs-asyncermp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Flag } from './.fixtures/fault.flag.js';
import { FaultService } from './.fixtures/fault.service.js';
import { startApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

/** All that vitest can replace in this process, microtasks included. */
const TIMERS = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'performance',
  'hrtime',
  'Date',
] as const;

// Nothing here moves the fake clock: what waits for it hangs, and the test with it.
describe.each(['threads', 'inline'] as const)(
  'under fake timers, with isolation: %s',
  (isolation) => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: [...TIMERS], now: 0 });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    const start = (options = {}) =>
      startApplication({
        options: { maxProcesses: 1, cancelGrace: 20, isolation, ...options },
        providers: [FaultService],
      });

    it('an application starts, runs tasks and closes', async () => {
      const { app, mp } = await start();
      await expect(mp.run(FaultService, 'echo', [1])).resolves.toBe(1);
      await app.close();
      expect(mp.stats().workers).toMatchObject({ starting: 0, idle: 0, busy: 0 });
    });

    it('time limits pass in real time', async () => {
      const { mp } = await start();
      const started = new Flag();
      const running = mp.run(FaultService, 'waitForAbort', [started.shared], { timeout: 50 });
      const waiting = mp.run(FaultService, 'echo', [1], { queueTimeout: 5 });
      expect(await rejectionOf(waiting)).toMatchObject({ phase: 'queue' });
      expect(await rejectionOf(running)).toBeInstanceOf(TaskTimeoutError);
      const late = mp.run(FaultService, 'waitForAbort', [], { deadline: 30 });
      expect(await rejectionOf(late)).toMatchObject({ phase: 'deadline' });
    });

    it('the backoff of a retry is over in real time', async () => {
      const { mp } = await start();
      const calls = new Flag();
      const options = { attempts: 3, backoff: 5 };
      await expect(mp.run(FaultService, 'failUntil', [3, calls.shared], options)).resolves.toBe(3);
    });

    it('close() does not wait longer for a task than shutdownTimeout', async () => {
      const { app, mp } = await start({ shutdownTimeout: 30 });
      const started = new Flag();
      const task = await mp.submit(FaultService, 'waitForAbort', [started.shared]);
      await started.reached();
      const closing = app.close();
      expect(await rejectionOf(task.result)).toMatchObject({ code: 'ASYNCERMP_SHUTDOWN' });
      await closing;
    });

    it('the promises of 3,000 tasks that are cancelled together reject', async () => {
      const { mp } = await start();
      await mp.pause();
      const controller = new AbortController();
      const { signal } = controller;
      const runs = Array.from({ length: 3_000 }, () =>
        mp.run(FaultService, 'echo', [1], { signal }),
      );
      controller.abort('all');
      const outcomes = await Promise.allSettled(runs);
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(3_000);
    });
  },
);

describe('under fake timers', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('a worker whose handler does not stop is replaced, and close() ends one that is stuck', async () => {
    vi.useFakeTimers({ toFake: [...TIMERS], now: 0 });
    const { app, mp, get } = await startApplication({
      options: { maxProcesses: 1, cancelGrace: 20, shutdownTimeout: 30 },
      providers: [FaultService],
    });
    const thread = await get(FaultService).thread();
    const stuck = mp.run(FaultService, 'spin', [], { timeout: 30 });
    expect(await rejectionOf(stuck)).toMatchObject({ phase: 'run' });
    expect(await get(FaultService).thread()).not.toBe(thread);
    const started = new Flag();
    const last = rejectionOf(mp.run(FaultService, 'spin', [started.shared]));
    await started.reached();
    await app.close();
    expect(await last).toMatchObject({ code: 'ASYNCERMP_SHUTDOWN' });
  });
});
