import { describe, expect, it } from 'vitest';
import { TaskEvent, taskEventOf, type TaskEventPayload } from 'nestjs-asyncermp';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { FailingService } from './.fixtures/failing.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication, type RecordedEvent } from './support/application.js';
import { blockFor } from './support/blocking.js';

const providers = [AdderService, SquareService, CalcService, FailingService, GatedService];

/** The last parts of the names of a task's events. */
function kinds(events: readonly RecordedEvent[], uid: string): (string | undefined)[] {
  return events.filter(({ event }) => event.uid === uid).map(({ name }) => name.split('.').at(-1));
}

describe('the events of a task', () => {
  it('come in order: queued, started, progress, completed', async () => {
    const { mp, record } = await startApplication({ providers });
    const events = record();
    await mp.run(CalcService, 'report', [2], { uid: 'a', priority: 3 });
    expect(kinds(events, 'a')).toEqual(['queued', 'started', 'progress', 'progress', 'completed']);
    const whom = { uid: 'a', handler: 'CalcService.report', at: expect.any(Number) };
    expect(events.map(({ event }) => event)).toMatchObject([
      { ...whom, attempt: 0, priority: 3 },
      { ...whom, attempt: 1, waitMs: expect.any(Number), worker: 1 },
      { ...whom, attempt: 1, progress: 0.5 },
      { ...whom, attempt: 1, progress: 1 },
      { ...whom, attempt: 1, result: 'reported', state: 'completed' },
    ]);
    const times = events.map(({ event }) => event.at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('report each failed attempt that is followed by another, and the failure once', async () => {
    const { mp, record } = await startApplication({ providers });
    const events = record();
    const failing = mp.run(FailingService, 'type', [], { uid: 'b', attempts: 2, backoff: 1 });
    await expect(failing).rejects.toBeInstanceOf(TypeError);
    expect(kinds(events, 'b')).toEqual(['queued', 'started', 'retrying', 'started', 'failed']);
    expect(events.map(({ event }) => event)).toMatchObject([
      { attempt: 0 },
      { attempt: 1 },
      { attempt: 1, delayMs: 1, error: expect.any(TypeError) },
      { attempt: 2 },
      { attempt: 2, state: 'failed', error: expect.any(TypeError) },
    ]);
  });

  it('end with cancelled, whether the task waited or ran', async () => {
    const { mp, record } = await startApplication({ providers });
    const events = record();
    const gate = makeGate();
    const running = await mp.submit(GatedService, 'linger', [gate.shared], { uid: 'r' });
    await mp.submit(GatedService, 'linger', [gate.shared], { uid: 'w' });
    await gate.waitFor(1);
    mp.cancel('w', 'why');
    running.cancel('because');
    gate.open();
    await mp.drain();
    expect(kinds(events, 'w')).toEqual(['queued', 'cancelled']);
    expect(kinds(events, 'r')).toEqual(['queued', 'started', 'cancelled']);
    expect(events.at(-1)?.event).toMatchObject({
      uid: 'r',
      attempt: 1,
      error: { code: 'ASYNCERMP_CANCELLED', cause: 'because' },
    });
  });

  it('report waitMs and runMs of a task that is cancelled while it runs', async () => {
    const { mp, next } = await startApplication({ providers });
    const gate = makeGate();
    const task = await mp.submit(GatedService, 'linger', [gate.shared]);
    await gate.waitFor(1);
    // The message that the task has begun is not read meanwhile: the worker's own clock counts.
    blockFor(20);
    const event = next(TaskEvent.Cancelled);
    task.cancel();
    const { runMs, waitMs } = (await event) as TaskEventPayload & { runMs: number; waitMs: number };
    expect(runMs).toBeGreaterThanOrEqual(19);
    expect(waitMs).toBeLessThan(task.waitMs + 1);
  });

  it('are also emitted under names that contain the handler', async () => {
    const { mp, emitter } = await startApplication({ providers });
    const heard: string[] = [];
    for (const event of Object.values(TaskEvent)) {
      const name = taskEventOf(event, 'CalcService.report');
      emitter.on(name, ({ handler }: TaskEventPayload) => heard.push(`${name} ${handler}`));
    }
    await mp.run(CalcService, 'square', [2]);
    await mp.run(CalcService, 'report', [1]);
    expect(heard).toEqual(
      ['queued', 'started', 'progress', 'completed'].map(
        (kind) => `asyncermp.task.${kind}.CalcService.report CalcService.report`,
      ),
    );
  });

  it('reach all listeners and completedQueue with the same payload object', async () => {
    const { mp, next } = await startApplication({ providers });
    const both = [next(TaskEvent.Completed), next(TaskEvent.Completed)];
    await mp.run(CalcService, 'square', [2]);
    const [one, other] = await Promise.all(both);
    expect(one).toBe(other);
    await expect(mp.completedQueue.get()).resolves.toBe(one);
  });
});

describe('progress', () => {
  it('is thinned out if a handler reports fast, and the last value always arrives', async () => {
    const { mp, record } = await startApplication({ providers });
    const events = record();
    const task = await mp.submit(CalcService, 'report', [10_000]);
    await task.result;
    expect(task.progress).toBe(1);
    const reported = events.filter(({ name }) => name === TaskEvent.Progress);
    expect(reported.length).toBeLessThan(10_000);
    expect(reported.at(-1)?.event).toMatchObject({ progress: 1 });
  });

  it('reaches listeners and the handle while the handler runs, whatever can be cloned', async () => {
    const { mp, next } = await startApplication({ providers });
    const gate = makeGate();
    const progress = next(TaskEvent.Progress);
    const value = { done: 1, of: new Map([['a', 2]]) };
    const task = await mp.submit(GatedService, 'reportAndHold', [gate.shared, value]);
    await expect(progress).resolves.toMatchObject({ progress: value });
    expect(task).toMatchObject({ state: 'running', progress: value });
    gate.open();
    await task.result;
  });
});
