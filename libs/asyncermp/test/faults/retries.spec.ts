import {
  TaskEvent,
  TaskTimeoutError,
  WorkerCrashedError,
  type TaskRetryingEvent,
} from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { rejectionOf } from '../support/outcomes.js';
import { startFaults } from './start.js';

describe('a task with attempts', () => {
  it('is tried again until it succeeds', async () => {
    const { mp } = await startFaults();
    const calls = new Flag();
    const task = await mp.submit(FaultService, 'failUntil', [3, calls.shared], { attempts: 5 });
    await expect(task.result).resolves.toBe(3);
    expect(task.attempt).toBe(3);
    expect(mp.stats()).toMatchObject({ retried: 2, completed: 1, failed: 0 });
  });

  it('fails with the last error when they are used up', async () => {
    const { mp } = await startFaults();
    const calls = new Flag();
    const run = mp.run(FaultService, 'failUntil', [9, calls.shared], { attempts: 3, backoff: 1 });
    await expect(run).rejects.toThrow('call 3');
    expect(calls.count).toBe(3);
  });

  it('is not tried again if retryOn returns false or throws', async () => {
    const { mp } = await startFaults();
    for (const retryOn of [
      (error: unknown) => !(error instanceof Error && error.message === 'call 2'),
      () => {
        throw new Error('of the judge');
      },
    ]) {
      const calls = new Flag();
      const run = mp.run(FaultService, 'failUntil', [9, calls.shared], { attempts: 5, retryOn });
      expect(await rejectionOf(run)).toMatchObject({ message: `call ${calls.count}` });
      expect(calls.count).toBeLessThan(3);
    }
  });

  it('is tried again after a timeout, once its worker has ended', async () => {
    const { mp } = await startFaults({ maxProcesses: 2, cancelGrace: 20 });
    const started = new Flag();
    // An attempt has this long to count itself, on any machine.
    const error = await rejectionOf(
      mp.run(FaultService, 'spin', [started.shared], { attempts: 2, timeout: 1_000 }),
    );
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(started.count).toBe(2);
    expect(mp.stats()).toMatchObject({ retried: 1, failed: 1 });
  });
});

describe('a retrying event', () => {
  it('contains attempt, error and the fixed delay', async () => {
    const { mp, record } = await startFaults();
    const events = record();
    const calls = new Flag();
    await mp.run(FaultService, 'failUntil', [3, calls.shared], { attempts: 3, backoff: 7 });
    const retrying = events.filter(({ name }) => name === TaskEvent.Retrying);
    expect(retrying.map(({ event }) => event)).toMatchObject([
      { attempt: 1, delayMs: 7, error: { message: 'call 1' } },
      { attempt: 2, delayMs: 7, error: { message: 'call 2' } },
    ]);
  });

  it('contains growing delays, less a random share (exponential backoff)', async () => {
    const { mp, record } = await startFaults();
    const events = record();
    const calls = new Flag();
    await mp.run(FaultService, 'failUntil', [5, calls.shared], {
      attempts: 5,
      backoff: { type: 'exponential', delay: 4, factor: 3, maxDelay: 30, jitter: 0.25 },
    });
    const delays = events
      .filter(({ name }) => name === TaskEvent.Retrying)
      .map(({ event }) => (event as TaskRetryingEvent).delayMs);
    for (const [index, most] of [4, 12, 30, 30].entries()) {
      expect(delays[index]).toBeLessThanOrEqual(most);
      expect(delays[index]).toBeGreaterThanOrEqual(most * 0.75);
    }
  });
});

describe('a backoff', () => {
  it('holds no permit: other tasks run meanwhile', async () => {
    const { mp, next } = await startFaults();
    const calls = new Flag();
    const retrying = next(TaskEvent.Retrying);
    const task = await mp.submit(FaultService, 'failUntil', [2, calls.shared], {
      attempts: 2,
      backoff: 600_000,
    });
    await retrying;
    await mp.run(FaultService, 'thread', []);
    expect(task.state).toBe('retrying');
    expect(mp.stats()).toMatchObject({ retrying: 1, completed: 1, waiting: 0 });
    task.cancel();
  });

  it('takes no room in the queue: a waiting submission is accepted meanwhile', async () => {
    const { mp, next } = await startFaults({ maxQueue: 0, onFull: 'wait' });
    const calls = new Flag();
    const retrying = next(TaskEvent.Retrying);
    const task = await mp.submit(FaultService, 'failUntil', [2, calls.shared], {
      attempts: 2,
      backoff: 600_000,
    });
    const other = mp.run(FaultService, 'thread', []);
    await retrying;
    await other;
    expect(task.state).toBe('retrying');
    task.cancel();
    // A task whose backoff is over needs no room in the queue.
    const short = mp.run(FaultService, 'failUntil', [3, calls.shared], { attempts: 2, backoff: 1 });
    await expect(short).resolves.toBe(3);
  });
});

describe('crashAttempts', () => {
  it('is 1 by default: a task that kills its worker is not tried again, whatever attempts is', async () => {
    const { mp } = await startFaults();
    const calls = new Flag();
    const error = await rejectionOf(
      mp.run(FaultService, 'exitUntil', [9, calls.shared], { attempts: 9 }),
    );
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(calls.count).toBe(1);
  });

  it('counts crashes apart from failures', async () => {
    const { mp } = await startFaults();
    const calls = new Flag();
    const survived = mp.run(FaultService, 'exitUntil', [3, calls.shared], { crashAttempts: 3 });
    await expect(survived).resolves.toBe(3);
    const more = new Flag();
    const error = await rejectionOf(
      mp.run(FaultService, 'exitUntil', [9, more.shared], { crashAttempts: 2, attempts: 9 }),
    );
    expect(error).toMatchObject({ reason: 'exit', exitCode: 2 });
    expect(more.count).toBe(2);
  });
});

it('two attempts of one task never run at the same time', async () => {
  // No worker is terminated, so that each attempt ends by itself and counts itself out.
  const { mp } = await startFaults({ maxProcesses: 3, cancelGrace: 60_000 });
  const seen = new Flag();
  const tasks = Array.from({ length: 3 }, () =>
    mp.run(FaultService, 'overstay', [new Flag().shared, seen.shared], {
      attempts: 4,
      timeout: 20,
    }),
  );
  for (const task of tasks) {
    expect(await rejectionOf(task)).toBeInstanceOf(TaskTimeoutError);
  }
  expect(seen.count).toBe(0);
});
