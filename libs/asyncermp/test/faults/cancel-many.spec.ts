import { getEventListeners } from 'node:events';
import { TaskCancelledError, TaskEvent, type TaskRetryingEvent } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { blockFor, blockUntil } from '../support/blocking.js';
import { rejectionOf } from '../support/outcomes.js';
import { startFaults } from './start.js';

describe('many queued tasks', () => {
  it('are cancelled synchronously by the signal that they share, with one listener on it', async () => {
    const { mp } = await startFaults();
    await mp.pause();
    const controller = new AbortController();
    const { signal } = controller;
    const results = Array.from({ length: 100_000 }, () =>
      mp.run(FaultService, 'thread', [], { signal }),
    );
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort('all of you');
    expect(mp.stats()).toMatchObject({ waiting: 0, cancelled: 100_000 });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const settled = await Promise.allSettled(results);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(100_000);
  });

  it('are cancelled at once, and 1,000 of their callers are rejected per turn of the event loop', async () => {
    const { mp } = await startFaults();
    await mp.pause();
    const controller = new AbortController();
    const { signal } = controller;
    const tasks = await Promise.all(
      Array.from({ length: 10_000 }, () => mp.submit(FaultService, 'thread', [], { signal })),
    );
    let turn = 0;
    let immediate = setImmediate(function next() {
      turn++;
      immediate = setImmediate(next);
    });
    const rejected: { uid: string; turn: number }[] = [];
    const callers = tasks.map(({ uid, result }) =>
      result.catch(() => rejected.push({ uid, turn })),
    );
    controller.abort();
    expect(tasks.filter(({ state }) => state === 'cancelled')).toHaveLength(10_000);
    expect(mp.stats()).toMatchObject({ waiting: 0, cancelled: 10_000 });
    await Promise.all(callers);
    clearImmediate(immediate);
    expect(rejected.map(({ uid }) => uid)).toEqual(tasks.map(({ uid }) => uid));
    for (let index = 0; index < 10; index++) {
      expect(rejected.filter((caller) => caller.turn === index)).toHaveLength(1_000);
    }
  });

  it('are reported to listeners 1,000 per turn of the event loop, each before its caller is rejected', async () => {
    const { mp, emitter } = await startFaults();
    await mp.pause();
    const controller = new AbortController();
    const { signal } = controller;
    let turn = 0;
    let immediate = setImmediate(function next() {
      turn++;
      immediate = setImmediate(next);
    });
    const reports: string[] = [];
    const turns: number[] = [];
    emitter.on(TaskEvent.Cancelled, ({ uid }: { uid: string }) => {
      reports.push(`event of ${uid}`);
      turns.push(turn);
    });
    let observed = 0;
    mp.completed$.subscribe(() => observed++);
    // Only every second one has a caller that waits.
    const tasks = await Promise.all(
      Array.from({ length: 5_000 }, () => mp.submit(FaultService, 'thread', [], { signal })),
    );
    const callers = tasks.flatMap(({ uid, result }, index) =>
      index % 2 ? [result.catch(() => reports.push(`caller of ${uid}`))] : [],
    );
    controller.abort();
    expect(mp.stats()).toMatchObject({ waiting: 0, cancelled: 5_000 });
    expect(reports).toHaveLength(1_000);
    await mp.drain();
    expect(observed).toBe(5_000);
    clearImmediate(immediate);
    await Promise.all(callers);
    for (let index = 0; index < 5; index++) {
      expect(turns.filter((other) => other === index)).toHaveLength(1_000);
    }
    const places = new Map(reports.map((report, place) => [report, place]));
    const early = tasks.filter(
      ({ uid }, index) =>
        index % 2 &&
        !(Number(places.get(`event of ${uid}`)) < Number(places.get(`caller of ${uid}`))),
    );
    expect(early).toEqual([]);
  });

  it('are all reported before the application has shut down', async () => {
    const { app, mp, emitter } = await startFaults();
    await mp.pause();
    let heard = 0;
    let observed = 0;
    emitter.on(TaskEvent.Failed, () => heard++);
    mp.completed$.subscribe(() => observed++);
    await Promise.all(Array.from({ length: 5_000 }, () => mp.submit(FaultService, 'thread', [])));
    await app.close();
    expect([heard, observed]).toEqual([5_000, 5_000]);
  });

  it('can be cancelled one by one, the last ones first', async () => {
    const { mp } = await startFaults();
    await mp.pause();
    const tasks = await Promise.all(
      Array.from({ length: 100_000 }, () => mp.submit(FaultService, 'thread', [])),
    );
    const cancelled = tasks.toReversed().filter((task) => task.cancel());
    expect(cancelled).toHaveLength(100_000);
    expect(mp.stats()).toMatchObject({ waiting: 0, cancelled: 100_000 });
  });
});

describe('each of many cancelled tasks', () => {
  it('has one error of its own in result, get() and completedQueue, however late it is read', async () => {
    const { mp } = await startFaults();
    await mp.pause();
    const controller = new AbortController();
    const { signal } = controller;
    const tasks = await Promise.all([
      mp.submit(FaultService, 'thread', [], { uid: 'a', signal }),
      mp.submit(FaultService, 'thread', [], { uid: 'b', signal }),
      mp.submit(FaultService, 'spin', [], { uid: 'c', signal }),
      mp.submit(FaultService, 'thread', [], { uid: 'd' }),
      mp.submit(FaultService, 'thread', [], { uid: 'e' }),
    ]);
    const early = tasks.map(({ result }) => rejectionOf(result));
    controller.abort('too slow');
    tasks[3]?.cancel('too late');
    const reason = { of: 'another kind' };
    tasks[4]?.cancel(reason);
    const errors = await Promise.all(early);
    const texts = [
      'task a of FaultService.thread was cancelled: too slow',
      'task b of FaultService.thread was cancelled: too slow',
      'task c of FaultService.spin was cancelled: too slow',
      'task d of FaultService.thread was cancelled: too late',
      'task e of FaultService.thread was cancelled',
    ];
    const causes = ['too slow', 'too slow', 'too slow', 'too late', reason];
    expect(errors).toMatchObject(
      tasks.map(({ uid }, index) => ({ uid, message: texts[index], cause: causes[index] })),
    );
    for (const error of errors as TaskCancelledError[]) {
      expect(error).toBeInstanceOf(TaskCancelledError);
      expect(error.stack).toBe(`TaskCancelledError: ${error.message}`);
    }
    const later = tasks.map(({ uid }) => mp.get(uid)?.result ?? Promise.resolve());
    for (const [index, late] of later.entries()) {
      expect(await rejectionOf(late)).toBe(errors[index]);
      expect(await mp.completedQueue.get()).toHaveProperty('error', errors[index]);
    }
  });
});

describe('a task can be cancelled', () => {
  it('during its backoff, and is not tried again', async () => {
    const { mp, next } = await startFaults();
    const calls = new Flag();
    const retrying = next<TaskRetryingEvent>(TaskEvent.Retrying);
    const task = await mp.submit(FaultService, 'failUntil', [9, calls.shared], {
      attempts: 9,
      backoff: 600_000,
    });
    expect(await retrying).toMatchObject({ attempt: 1, delayMs: 600_000 });
    expect(task.state).toBe('retrying');
    expect(mp.stats().retrying).toBe(1);
    expect(task.cancel('not again')).toBe(true);
    expect(await rejectionOf(task.result)).toMatchObject({ cause: 'not again' });
    expect(mp.stats()).toMatchObject({ retrying: 0, cancelled: 1 });
    await mp.drain();
    expect(calls.count).toBe(1);
  });

  for (const name of [
    TaskEvent.Queued,
    TaskEvent.Started,
    TaskEvent.Progress,
    TaskEvent.Retrying,
  ]) {
    it(`by a listener of ${name}`, async () => {
      const { mp, emitter, record } = await startFaults();
      const events = record();
      emitter.once(name, ({ uid }: { uid: string }) => mp.cancel(uid, name));
      const calls = new Flag();
      const started = new Flag();
      const submitted =
        name === TaskEvent.Retrying
          ? mp.run(FaultService, 'failUntil', [3, calls.shared], { attempts: 3 })
          : mp.run(FaultService, 'reportAndWait', [started.shared]);
      expect(await rejectionOf(submitted)).toMatchObject({ cause: name });
      await mp.drain();
      const names = events.map((event) => event.name);
      expect(names.filter((other) => other === TaskEvent.Cancelled)).toHaveLength(1);
      expect(names.at(-1)).toBe(TaskEvent.Cancelled);
    });
  }

  it('no longer by a listener of its own completion', async () => {
    const { mp, emitter, get } = await startFaults();
    let answer: boolean | undefined;
    emitter.once(TaskEvent.Completed, ({ uid }: { uid: string }) => {
      answer = mp.cancel(uid);
    });
    await get(FaultService).thread();
    expect(answer).toBe(false);
  });

  it('and keeps its worker if it stops within cancelGrace, however busy the application is', async () => {
    const { mp, get } = await startFaults({ cancelGrace: 50 });
    const thread = await get(FaultService).thread();
    const [started, stopped] = [new Flag(), new Flag()];
    const task = await mp.submit(FaultService, 'spinCooperatively', [
      started.shared,
      stopped.shared,
    ]);
    await started.reached();
    setImmediate(() => {
      task.cancel();
      // The grace passes while the worker's message that it has stopped waits to be read.
      blockUntil(() => stopped.count === 1);
      blockFor(200);
    });
    await rejectionOf(task.result);
    expect(await get(FaultService).thread()).toBe(thread);
  });
});
