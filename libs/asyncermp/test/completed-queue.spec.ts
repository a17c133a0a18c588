import { describe, expect, it } from 'vitest';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { FailingService } from './.fixtures/failing.service.js';
import { FaultService } from './.fixtures/fault.service.js';
import { startApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';
import { RecordingLogger } from './support/recording-logger.js';

const providers = [AdderService, SquareService, CalcService, FailingService];
const start = (completedQueueSize?: number) =>
  startApplication({
    options: { maxProcesses: 1, ...(completedQueueSize !== undefined && { completedQueueSize }) },
    providers,
  });

describe('completedQueue', () => {
  it('gives every settled task once, in the order in which they settled', async () => {
    const { mp } = await start();
    await mp.run(CalcService, 'square', [1], { uid: 'a' });
    await mp.run(FailingService, 'type', [], { uid: 'b' }).catch(() => {});
    await mp.pause();
    (await mp.submit(CalcService, 'square', [3], { uid: 'c' })).cancel();
    await mp.resume();
    expect(mp.completedQueue).toMatchObject({ size: 3, dropped: 0 });
    const events = [await mp.completedQueue.get(), await mp.completedQueue.get()];
    expect(events).toMatchObject([
      { uid: 'a', state: 'completed', result: 1 },
      { uid: 'b', state: 'failed', error: expect.any(TypeError) },
    ]);
    expect(mp.completedQueue.tryGet()).toMatchObject({ uid: 'c', state: 'cancelled' });
    expect(mp.completedQueue.tryGet()).toBeUndefined();
    expect(mp.completedQueue.size).toBe(0);
  });

  it('gives the time at which a task settled, however late the event is taken', async () => {
    const { mp } = await startApplication({ providers: [FaultService] });
    await mp.pause();
    const task = await mp.submit(FaultService, 'thread', []);
    const before = Date.now();
    task.cancel();
    const after = Date.now();
    await mp.resume();
    // Time passes between the end of the task and the look at its event.
    await mp.run(FaultService, 'work', [10]);
    const event = mp.completedQueue.tryGet();
    // The clock of events and Date.now() tick at different moments.
    expect(event?.at).toBeGreaterThanOrEqual(before - 1);
    expect(event?.at).toBeLessThanOrEqual(after + 1);
    expect(event?.waitMs).toBe(task.waitMs);
  });

  it('drops the oldest events when it is full, and counts the dropped ones', async () => {
    const { mp } = await start(2);
    for (const n of [1, 2, 3, 4, 5]) {
      await mp.run(CalcService, 'square', [n]);
    }
    expect(mp.completedQueue).toMatchObject({ size: 2, dropped: 3 });
    await expect(mp.completedQueue.get()).resolves.toMatchObject({ result: 16 });
    await mp.run(CalcService, 'square', [6]);
    await expect(mp.completedQueue.get()).resolves.toMatchObject({ result: 25 });
    await expect(mp.completedQueue.get()).resolves.toMatchObject({ result: 36 });
    expect(mp.completedQueue).toMatchObject({ size: 0, dropped: 3 });
  });

  it('holds large results up to retainMemory only, and get() finds no others', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 1, retainMemory: 4 },
      providers: [FaultService],
    });
    for (const uid of ['a', 'b', 'c']) {
      await mp.run(FaultService, 'echo', [{ bytes: new Uint8Array(1.5 * 2 ** 20) }], { uid });
    }
    expect(mp.completedQueue).toMatchObject({ size: 2, dropped: 1 });
    expect(mp.completedQueue.tryGet()?.uid).toBe('b');
    expect(['a', 'b', 'c'].map((uid) => mp.get(uid)?.state)).toEqual([
      undefined,
      'completed',
      'completed',
    ]);
  });

  it('holds failed tasks up to retainMemory only: data, message, stack and cause of their errors count', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 1, retainMemory: 4, logger: new RecordingLogger() },
      providers: [FailingService],
    });
    for (const how of ['data', 'message', 'stack', 'cause'] as const) {
      for (const uid of ['a', 'b', 'c', 'd']) {
        await rejectionOf(mp.run(FailingService, 'heavy', [how, 1.5 * 2 ** 20], { uid }));
      }
      const uids = ['a', 'b', 'c', 'd'].filter((uid) => mp.get(uid) !== undefined);
      expect(uids).toEqual(how === 'message' ? ['d'] : ['c', 'd']);
      expect(mp.completedQueue.size).toBe(uids.length);
    }
  });

  it('holds the last 1,000 events by default', async () => {
    const { mp } = await start();
    await Promise.all(Array.from({ length: 1_003 }, (_, n) => mp.run(CalcService, 'square', [n])));
    expect(mp.completedQueue).toMatchObject({ size: 1_000, dropped: 3 });
    await expect(mp.completedQueue.get()).resolves.toMatchObject({ result: 9 });
  });

  it('keeps nothing with completedQueueSize: 0, and still serves a waiting get()', async () => {
    const { mp } = await start(0);
    await mp.run(CalcService, 'square', [1]);
    expect(mp.completedQueue.size).toBe(0);
    const next = mp.completedQueue.get();
    await mp.run(CalcService, 'square', [2]);
    await expect(next).resolves.toMatchObject({ result: 4 });
  });

  it('serves several waiting get() calls in the order of the calls', async () => {
    const { mp } = await start();
    const waiting = [mp.completedQueue.get(), mp.completedQueue.get()];
    await mp.run(CalcService, 'square', [1]);
    await mp.run(CalcService, 'square', [2]);
    await expect(Promise.all(waiting)).resolves.toMatchObject([{ result: 1 }, { result: 4 }]);
    expect(mp.completedQueue.size).toBe(0);
  });

  it('can be consumed by several for await loops at once, which end with the application', async () => {
    const { app, mp } = await start();
    const seen: unknown[] = [];
    const consume = async () => {
      for await (const event of mp.completedQueue) {
        seen.push(event.state === 'completed' && event.result);
      }
    };
    const consumers = [consume(), consume()];
    await Promise.all([1, 2, 3, 4, 5].map((n) => mp.run(CalcService, 'square', [n])));
    await app.close();
    await Promise.all(consumers);
    expect(seen).toHaveLength(5);
    expect(new Set(seen)).toEqual(new Set([1, 4, 9, 16, 25]));
  });
});
