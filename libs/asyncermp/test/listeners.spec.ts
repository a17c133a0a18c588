import { DiscoveryService } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { TaskEvent, type TaskEventPayload } from 'nestjs-asyncermp';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { FailingService } from './.fixtures/failing.service.js';
import { ListenerService, ThrowingListener } from './.fixtures/listener.service.js';
import { startApplication } from './support/application.js';
import { turns, until } from './support/outcomes.js';
import { RecordingLogger } from './support/recording-logger.js';
import { collectUnhandled } from './support/unhandled.js';

const providers = [AdderService, SquareService, CalcService, FailingService];

describe('the event emitter', () => {
  it('matches wildcards for all tasks, for one kind of event and for one class', async () => {
    const { mp, emitter } = await startApplication({ providers, events: { wildcard: true } });
    const heard: string[] = [];
    const on = (name: string) => emitter.on(name, () => heard.push(name));
    on('asyncermp.task.*');
    on('asyncermp.task.completed');
    on('asyncermp.task.completed.CalcService.*');
    on('asyncermp.task.started.**');
    on('another.**');
    await mp.run(CalcService, 'square', [2]);
    expect(heard.toSorted()).toEqual([
      'asyncermp.task.*',
      'asyncermp.task.*',
      'asyncermp.task.*',
      'asyncermp.task.completed',
      'asyncermp.task.completed.CalcService.*',
      'asyncermp.task.started.**',
      'asyncermp.task.started.**',
    ]);
  });

  for (const wildcard of [false, true]) {
    it(`passes the events of tasks to onAny() (wildcard: ${wildcard})`, async () => {
      const { mp, emitter } = await startApplication({ providers, events: { wildcard } });
      const heard: unknown[] = [];
      emitter.onAny((name) => heard.push(name));
      await mp.run(CalcService, 'square', [2]);
      expect(heard).toContain(TaskEvent.Completed);
    });
  }
});

describe('a listener that throws', () => {
  it('is logged, and harms no task and no other listener (@OnEvent method)', async () => {
    const logger = new RecordingLogger();
    const { mp, get } = await startApplication({
      providers: [...providers, ThrowingListener, ListenerService],
      logger,
    });
    await expect(mp.run(CalcService, 'square', [3])).resolves.toBe(9);
    expect(get(ThrowingListener).calls).toBe(1);
    expect(get(ListenerService).completed).toHaveLength(1);
    expect(logger.with('the listener broke')).toHaveLength(1);
  });

  it('is logged with event and uid, and harms no task and no other listener (emitter.on)', async () => {
    const logger = new RecordingLogger();
    const { mp, emitter } = await startApplication({ providers, logger });
    const heard: string[] = [];
    for (const event of Object.values(TaskEvent)) {
      emitter.on(event, () => {
        throw new Error(`no ${event}`);
      });
      emitter.on(event, () => heard.push(event));
    }
    const task = await mp.submit(CalcService, 'report', [1], { uid: 'x' });
    await expect(task.result).resolves.toBe('reported');
    await mp.run(FailingService, 'type', [], { attempts: 2 }).catch(() => {});
    await expect(mp.run(CalcService, 'square', [3])).resolves.toBe(9);
    expect(mp.stats()).toMatchObject({ completed: 2, failed: 1, waiting: 0 });
    const [entry] = logger.with(`no ${TaskEvent.Completed}`);
    expect(entry).toMatchObject({ level: 'error', message: expect.stringContaining('x') });
    expect(new Set(heard)).toEqual(
      new Set(Object.values(TaskEvent).filter((event) => event !== TaskEvent.Cancelled)),
    );
  });

  it('is logged, and causes no unhandled rejection, if it is asynchronous', async () => {
    const logger = new RecordingLogger();
    const { mp, emitter } = await startApplication({ providers, logger });
    const listener: () => unknown = async () => {
      await Promise.resolve();
      throw new Error('later');
    };
    emitter.on(TaskEvent.Completed, listener);
    const unhandled = await collectUnhandled(async () => {
      await mp.run(CalcService, 'square', [3], { uid: 'x' });
      await turns(20);
    });
    expect(unhandled).toEqual([]);
    expect(logger.with('later')).toMatchObject([{ message: expect.stringContaining('x') }]);
  });

  it('is an uncaught exception, and harms no task and no other observer (completed$)', async () => {
    const { mp } = await startApplication({ providers });
    const seen: string[] = [];
    const errors: unknown[] = [];
    const uncaught = await collectUnhandled(async (collected) => {
      mp.completed$.subscribe(({ uid }) => {
        throw new Error(`no ${uid}`);
      });
      mp.completed$.subscribe({
        next: ({ uid }) => {
          seen.push(uid);
        },
        error: (error) => errors.push(error),
      });
      await expect(mp.run(CalcService, 'square', [3], { uid: 'a' })).resolves.toBe(9);
      await expect(mp.run(CalcService, 'square', [4], { uid: 'b' })).resolves.toBe(16);
      await until('both exceptions are reported', () => collected.length === 2);
    });
    expect(uncaught).toMatchObject([{ message: 'no a' }, { message: 'no b' }]);
    expect(seen).toEqual(['a', 'b']);
    expect(errors).toEqual([]);
  });
});

describe('a listener', () => {
  it('may cancel the task that an event reports, which then never runs', async () => {
    const { mp, emitter, record } = await startApplication({ providers });
    const events = record();
    emitter.on(TaskEvent.Queued, ({ uid }: TaskEventPayload) => mp.cancel(uid, 'at once'));
    const task = await mp.submit(CalcService, 'square', [3]);
    expect(task).toMatchObject({ state: 'cancelled', attempt: 0 });
    expect(events.map(({ name }) => name)).toEqual([TaskEvent.Queued, TaskEvent.Cancelled]);
    await mp.drain();
  });

  it('may submit the next task', async () => {
    const { mp, emitter } = await startApplication({ providers });
    let left = 100;
    emitter.on(TaskEvent.Completed, () => {
      if (left-- > 0) {
        void mp.submit(CalcService, 'square', [left]);
      }
    });
    const first = await mp.submit(CalcService, 'square', [1]);
    await first.result;
    await mp.drain();
    expect(mp.stats()).toMatchObject({ accepted: 101, completed: 101 });
  });
});

describe('EventEmitterModule', () => {
  it('is optional: tasks, progress and completedQueue work without it, and one warning names it', async () => {
    const logger = new RecordingLogger();
    const { mp } = await startApplication({ providers, logger, events: false });
    await expect(mp.run(CalcService, 'square', [3])).resolves.toBe(9);
    await mp.run(CalcService, 'report', [3]);
    await expect(mp.completedQueue.get()).resolves.toMatchObject({ result: 9 });
    const warnings = logger.entries.filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([
      { message: expect.stringContaining('EventEmitterModule.forRoot()') },
    ]);
  });

  it('is not searched for by each task if it is missing', async () => {
    const { mp, app } = await startApplication({ providers, events: false });
    await mp.run(CalcService, 'square', [3]);
    const search = vi.spyOn(app.get(DiscoveryService, { strict: false }), 'getProviders');
    await mp.run(CalcService, 'square', [3]);
    await mp.run(CalcService, 'report', [3]);
    expect(search).not.toHaveBeenCalled();
  });

  it('causes no warning if it is imported', async () => {
    const logger = new RecordingLogger();
    const { get } = await startApplication({ providers, logger });
    await get(CalcService).square(1);
    expect(logger.entries.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
