import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { threadId } from 'node:worker_threads';
import { Test } from '@nestjs/testing';
import { TaskCancelledError, TaskEvent, TaskSerializationError } from 'nestjs-asyncermp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { NestedService } from './.fixtures/early.service.js';
import { FailingService } from './.fixtures/failing.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { KeepingService } from './.fixtures/inline.service.js';
import { closeLater, makeGate, rootModule, startApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

/** What fake timers of test runners replace, microtasks included. */
const TIMERS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
] as const;

const providers = [
  AdderService,
  SquareService,
  CalcService,
  FailingService,
  KeepingService,
  GatedService,
  NestedService,
];
const start = (maxProcesses = 2) =>
  startApplication({ options: { maxProcesses, isolation: 'inline' }, providers });

describe("isolation: 'inline'", () => {
  const started: unknown[] = [];
  const note = (message: unknown) => started.push(message);
  beforeAll(() => subscribe('worker_threads', note));
  afterAll(() => unsubscribe('worker_threads', note));

  it("runs handlers on the application's own providers, and starts no thread", async () => {
    const { get, mp } = await start();
    const where = await get(CalcService).where();
    expect(where).toEqual({ threadId, uid: expect.any(String) });
    await expect(mp.run(CalcService, 'square', [5])).resolves.toBe(25);
    const task = await mp.submit(KeepingService, 'keep', [{ list: [1] }]);
    await task.result;
    expect(get(KeepingService).kept).toEqual({ list: [1, 99] });
    expect(started).toEqual([]);
  });

  it('clones arguments and results', async () => {
    const { get } = await start();
    const given = { list: [1] };
    const result = await get(KeepingService).keep(given);
    expect(given).toEqual({ list: [1] });
    expect(result).toEqual({ list: [1, 99] });
    expect(result).not.toBe(get(KeepingService).kept);
    result.list.push(5);
    expect(get(KeepingService).kept).toEqual({ list: [1, 99] });
  });

  it("refuses arguments and results that cannot be cloned, as isolation: 'threads' does", async () => {
    const { get } = await start();
    const argument = await rejectionOf(get(FailingService).take({ save: () => {} }));
    expect(argument).toBeInstanceOf(TaskSerializationError);
    expect(argument).toMatchObject({ path: 'args[0].save' });
    const result = await rejectionOf(get(FailingService).uncloneableResult());
    expect(result).toBeInstanceOf(TaskSerializationError);
    expect(result).toMatchObject({ path: 'result.rows[1].save' });
  });

  it('copies errors to the caller as a thread would', async () => {
    const { get } = await start();
    const failing = get(FailingService);
    expect(await rejectionOf(failing.type())).toBeInstanceOf(TypeError);
    expect(await rejectionOf(failing.sync())).toBeInstanceOf(SyntaxError);
    await expect(rejectionOf(failing.nothing())).resolves.toBeNull();
    await expect(rejectionOf(failing.text())).resolves.toBe('text');
    const own = await rejectionOf(failing.own());
    expect(own).toMatchObject({ name: 'OutOfInkError', code: 'E_INK', details: { tank: 3 } });
    expect((own as Error).cause).toBeInstanceOf(RangeError);
    expect(await rejectionOf(failing.uncloneable())).toMatchObject({ retry: '[Function: retry]' });
    const inlineCaller = async (): Promise<unknown> => await failing.deep();
    const { stack } = (await rejectionOf(inlineCaller())) as Error;
    expect(stack).toMatch(/failing\.service[^]*inlineCaller/);
  });

  it("emits the same events as isolation: 'threads'", async () => {
    const { mp, record } = await start();
    const events = record();
    await mp.run(CalcService, 'report', [2]);
    await mp.run(FailingService, 'type', [], { attempts: 2 }).catch(() => {});
    expect(events.map(({ name }) => name.split('.').at(-1)).join(' ')).toBe(
      'queued started progress progress completed queued started retrying started failed',
    );
    expect(mp.completedQueue.size).toBe(2);
  });

  it('provides currentTask(), and runs a handler that a handler calls as part of its task', async () => {
    const { mp, get } = await start(1);
    await expect(mp.run(KeepingService, 'aboutTask', [], { uid: 'u' })).resolves.toEqual([
      'u',
      'KeepingService.aboutTask',
      1,
      false,
    ]);
    const { uids } = await get(NestedService).outer();
    expect(new Set(uids).size).toBe(1);
    expect(mp.stats().accepted).toBe(2);
  });

  it('cancels through the signal of currentTask()', async () => {
    const { mp } = await start(1);
    const gate = makeGate();
    const task = await mp.submit(KeepingService, 'untilCancelled', [gate.shared]);
    await gate.waitFor(1);
    expect(task.state).toBe('running');
    task.cancel('enough');
    const error = await rejectionOf(task.result);
    expect(error).toBeInstanceOf(TaskCancelledError);
    expect(error).toMatchObject({ cause: 'enough' });
    await expect(mp.run(CalcService, 'square', [2])).resolves.toBe(4);
  });

  it('never runs more than maxProcesses attempts at once', async () => {
    const { mp } = await start(3);
    const cells = new SharedArrayBuffer(8);
    await Promise.all(Array.from({ length: 50 }, () => mp.run(KeepingService, 'count', [cells])));
    expect([...new Int32Array(cells)]).toEqual([0, 3]);
  });

  it('runs tasks by priority, then by submission', async () => {
    const { mp } = await start(1);
    const gate = makeGate();
    const first = mp.run(GatedService, 'linger', [gate.shared, 0]);
    await gate.waitFor(1);
    const rest = [1, 2, 3].map((id) =>
      mp.run(GatedService, 'note', [gate.shared, id], { priority: id === 3 ? 1 : 0 }),
    );
    gate.open();
    await Promise.all([first, ...rest]);
    expect(gate.record).toEqual([0, 3, 1, 2]);
  });

  it('drains when the application closes, and refuses tasks afterwards', async () => {
    const { app, mp } = await start(1);
    const gate = makeGate();
    const both = [1, 2].map((id) => mp.run(GatedService, 'linger', [gate.shared, id]));
    await gate.waitFor(1);
    const closing = app.close();
    gate.open();
    await expect(Promise.all(both)).resolves.toEqual([1, 2]);
    await closing;
    await expect(mp.run(CalcService, 'square', [2])).rejects.toThrow('shutting down');
    expect(mp.stats().completed).toBe(2);
  });

  it('uses the providers that a test overrides, and works with fake timers', async () => {
    const module = await Test.createTestingModule({
      imports: [rootModule({ options: { maxProcesses: 1, isolation: 'inline' }, providers })],
    })
      .overrideProvider(SquareService)
      .useValue({ square: () => 42 })
      .compile();
    closeLater(await module.init());
    vi.useFakeTimers({ toFake: [...TIMERS] });
    try {
      await expect(module.get(CalcService).square(3)).resolves.toBe(42);
    } finally {
      vi.useRealTimers();
    }
  });

  it('reports the last progress of a handler that reports fast, and its completion once', async () => {
    const { mp, emitter } = await start(1);
    let completed = 0;
    emitter.on(TaskEvent.Completed, () => completed++);
    const task = await mp.submit(CalcService, 'report', [200]);
    await task.result;
    expect(task.progress).toBe(1);
    expect(completed).toBe(1);
  });
});
