import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  TaskCancelledError,
  type AsyncerMpOptions,
  type TaskCancelledEvent,
  TaskEvent,
} from 'nestjs-asyncermp';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { FailingService } from './.fixtures/failing.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { rejectionOf, until } from './support/outcomes.js';
import { RecordingLogger } from './support/recording-logger.js';

const providers = [AdderService, SquareService, CalcService, GatedService];
const start = (maxProcesses = 1) => startApplication({ options: { maxProcesses }, providers });

describe('a handle', () => {
  it('is not a promise, and shows the state of its task', async () => {
    const { mp } = await start();
    const gate = makeGate();
    const task = await mp.submit(GatedService, 'hold', [gate.shared, 5], { uid: 'a', priority: 2 });
    expect(task).not.toHaveProperty('then');
    expect(task).toMatchObject({ uid: 'a', handler: 'GatedService.hold', priority: 2 });
    await gate.waitFor(1);
    expect(task).toMatchObject({ state: 'running', attempt: 1, progress: undefined });
    const behind = await mp.submit(GatedService, 'hold', [gate.shared]);
    expect(behind).toMatchObject({ state: 'queued', attempt: 0, runMs: 0 });
    gate.open();
    await expect(task.result).resolves.toBe(5);
    expect(task).toMatchObject({ state: 'completed', attempt: 1 });
    expect(task.cancel()).toBe(false);
  });

  it('reports how long its task waited and ran, while it runs and after it has settled', async () => {
    const { mp } = await start();
    const gate = makeGate();
    const task = await mp.submit(GatedService, 'hold', [gate.shared]);
    await gate.waitFor(1);
    const { waitMs } = task;
    await until('5 ms are reported', () => task.runMs > 5 || task.waitMs > waitMs + 5);
    expect(task.waitMs).toBe(waitMs);
    gate.open();
    await task.result;
    const { runMs } = task;
    expect(runMs).toBeGreaterThan(5);
    // More time passes, and none of it is counted.
    await mp.run(GatedService, 'hold', [gate.shared]);
    expect(task.runMs).toBe(runMs);
  });

  it('shows the last progress', async () => {
    const { mp } = await start();
    const task = await mp.submit(CalcService, 'report', [4]);
    await task.result;
    expect(task.progress).toBe(1);
  });

  it('gets a unique uid if none is given', async () => {
    const { mp } = await start();
    const tasks = await Promise.all([1, 2, 3].map((n) => mp.submit(CalcService, 'square', [n])));
    expect(new Set(tasks.map(({ uid }) => uid)).size).toBe(3);
    const uids = await Promise.all(tasks.map(({ result }) => result));
    expect(uids).toEqual([1, 4, 9]);
  });
});

describe('get()', () => {
  it('finds tasks in flight and the last that settled, and no others', async () => {
    const { mp } = await startApplication({ options: { maxProcesses: 1, retain: 2 }, providers });
    const gate = makeGate();
    await mp.submit(GatedService, 'hold', [gate.shared], { uid: 'a' });
    await mp.submit(CalcService, 'square', [3], { uid: 'b' });
    await mp.submit(CalcService, 'square', [4], { uid: 'c' });
    await gate.waitFor(1);
    expect(['a', 'b', 'c'].map((uid) => mp.get(uid)?.state)).toEqual([
      'running',
      'queued',
      'queued',
    ]);
    expect(mp.get('d')).toBeUndefined();
    gate.open();
    await mp.drain();
    expect(['a', 'b', 'c'].map((uid) => mp.get(uid)?.state)).toEqual([
      undefined,
      'completed',
      'completed',
    ]);
    await expect(mp.get('c')?.result).resolves.toBe(16);
  });

  it('still finds a failed task when many have completed since: failures are kept apart', async () => {
    const { mp } = await startRetaining({ retain: 2, retainFailed: 1 });
    await rejectionOf(mp.run(FailingService, 'own', [], { uid: 'failed first' }));
    await rejectionOf(mp.run(FailingService, 'own', [], { uid: 'failed' }));
    for (const uid of ['a', 'b', 'c']) {
      await mp.run(CalcService, 'square', [3], { uid });
    }
    const uids = ['failed first', 'failed', 'a', 'b', 'c'];
    expect(uids.filter((uid) => mp.get(uid) !== undefined)).toEqual(['failed', 'b', 'c']);
  });

  it('finds settled tasks up to an age, of its own for failed ones', async () => {
    const { mp } = await startRetaining({ retain: { age: 1 }, retainFailed: { age: 3_600_000 } });
    await rejectionOf(mp.run(FailingService, 'own', [], { uid: 'failed' }));
    await mp.run(CalcService, 'square', [3], { uid: 'completed' });
    await until('the completed task is too old', () => mp.get('completed') === undefined);
    expect(mp.get('failed')?.state).toBe('failed');
  });

  it('keeps as many failed tasks as others, unless retainFailed says otherwise', async () => {
    const { mp } = await startRetaining({ retain: 0 });
    await rejectionOf(mp.run(FailingService, 'own', [], { uid: 'failed' }));
    expect(mp.get('failed')).toBeUndefined();
  });
});

function startRetaining(options: AsyncerMpOptions) {
  return startApplication({
    options: { maxProcesses: 1, logger: new RecordingLogger(), ...options },
    providers: [...providers, FailingService],
  });
}

describe('cancellation', () => {
  it('prevents a queued task from ever running', async () => {
    const { mp, next } = await start();
    const gate = makeGate();
    const record = makeGate();
    const held = await mp.submit(GatedService, 'hold', [gate.shared]);
    await gate.waitFor(1);
    const byHandle = await mp.submit(GatedService, 'note', [record.shared, 1]);
    const byUid = await mp.submit(GatedService, 'note', [record.shared, 2], { uid: 'two' });
    const controller = new AbortController();
    const { signal } = controller;
    const bySignal = await mp.submit(GatedService, 'note', [record.shared, 3], { signal });
    const reason = new Error('changed my mind');

    const event = next<TaskCancelledEvent>(TaskEvent.Cancelled);
    expect(byHandle.cancel(reason)).toBe(true);
    expect(byHandle.cancel()).toBe(false);
    expect(await event).toMatchObject({ uid: byHandle.uid, attempt: 0, runMs: 0 });
    expect(mp.cancel('two', 'no longer needed')).toBe(true);
    expect(mp.cancel('two')).toBe(false);
    expect(mp.cancel('unknown')).toBe(false);
    controller.abort('left');

    const errors = await Promise.all([byHandle, byUid, bySignal].map((t) => rejectionOf(t.result)));
    expect(errors.every((error) => error instanceof TaskCancelledError)).toBe(true);
    expect(errors).toMatchObject([
      { cause: reason, uid: byHandle.uid, code: 'ASYNCERMP_CANCELLED' },
      { cause: 'no longer needed', uid: 'two', handler: 'GatedService.note' },
      { cause: 'left' },
    ]);
    expect([byHandle, byUid, bySignal].map(({ state }) => state)).toEqual(
      Array.from({ length: 3 }, () => 'cancelled'),
    );
    expect(mp.stats()).toMatchObject({ waiting: 0, running: 1, cancelled: 3 });
    gate.open();
    await held.result;
    await mp.run(GatedService, 'note', [record.shared, 4]);
    expect(record.record).toEqual([4]);
  });

  it('leaves no listener on a signal once its tasks have settled', async () => {
    const { mp } = await start();
    const { signal } = new AbortController();
    const gate = makeGate();
    const held = mp.run(GatedService, 'hold', [gate.shared], { signal });
    const waiting = await mp.submit(CalcService, 'square', [2], { signal });
    const more = Array.from({ length: 50 }, (_, n) =>
      mp.run(CalcService, 'square', [n], { signal }),
    );
    await gate.waitFor(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    waiting.cancel();
    gate.open();
    await Promise.all([held, ...more]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('refuses a submission whose signal is already aborted', async () => {
    const { mp } = await start();
    const signal = AbortSignal.abort('too late');
    const error = await rejectionOf(mp.submit(CalcService, 'square', [3], { signal, uid: 'x' }));
    expect(error).toBeInstanceOf(TaskCancelledError);
    expect(error).toMatchObject({ cause: 'too late', uid: 'x' });
    await expect(mp.run(CalcService, 'square', [3], { signal })).rejects.toThrow('too late');
    expect(mp.get('x')).toBeUndefined();
    expect(mp.stats()).toMatchObject({ accepted: 0, cancelled: 0 });
  });
});
