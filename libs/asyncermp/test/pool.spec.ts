import { threadId } from 'node:worker_threads';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import {
  CounterService,
  HookedService,
  PaintService,
  PaletteModule,
  QUALITY,
} from './.fixtures/hosted.service.js';
import { ListenerService } from './.fixtures/listener.service.js';
import { makeGate, startApplication } from './support/application.js';

const calc = [AdderService, SquareService, CalcService];
const hooked = [CounterService, HookedService];

describe('a decorated method with two injected services, one of them transitive', () => {
  it('runs in a worker thread, with its dependencies, when it is called', async () => {
    const { get } = await startApplication({ options: 2, providers: calc });
    await expect(get(CalcService).square(12)).resolves.toBe(144);
    const where = await get(CalcService).where();
    expect(where.threadId).not.toBe(threadId);
    expect(where.uid).toEqual(expect.any(String));
  });

  it('runs in a worker thread through run() and submit(), too', async () => {
    const { mp } = await startApplication({ options: 2, providers: calc });
    await expect(mp.run(CalcService, 'square', [13])).resolves.toBe(169);
    const task = await mp.submit(CalcService, 'where', [], { uid: 'here' });
    const where = await task.result;
    expect(where.threadId).not.toBe(threadId);
    expect(where.uid).toBe('here');
    expect(task.state).toBe('completed');
  });

  it('reports its completion to an @OnEvent listener, completedQueue and completed$', async () => {
    const { mp, get } = await startApplication({ providers: [...calc, ListenerService] });
    const observed = firstValueFrom(mp.completed$);
    const task = await mp.submit(CalcService, 'square', [5], { uid: 'five' });
    await task.result;
    const expected = {
      uid: 'five',
      handler: 'CalcService.square',
      state: 'completed',
      attempt: 1,
      result: 25,
      at: expect.any(Number),
      waitMs: expect.any(Number),
      runMs: expect.any(Number),
    };
    await expect(observed).resolves.toMatchObject(expected);
    await expect(mp.completedQueue.get()).resolves.toMatchObject(expected);
    const { completed, ofSquare } = get(ListenerService);
    expect(completed).toMatchObject([expected]);
    expect(ofSquare).toMatchObject([expected]);
  });

  it('runs in several workers at once', async () => {
    const { mp } = await startApplication({ options: 2, providers: hooked });
    const gate = makeGate();
    const end = makeGate();
    const threads = [1, 2].map(() =>
      mp.run(HookedService, 'holdAndReportEnd', [gate.shared, end.shared]),
    );
    await gate.waitFor(2);
    expect(mp.stats()).toMatchObject({ running: 2, workers: { idle: 0, busy: 2 } });
    gate.open();
    expect(new Set(await Promise.all(threads)).size).toBe(2);
  });
});

describe('a worker', () => {
  it('injects properties, tokens and configured modules that @CpuTaskHost() names', async () => {
    const { get } = await startApplication({
      imports: [PaletteModule.forRoot('of the application')],
      providers: [AdderService, PaintService, { provide: QUALITY, useValue: 1 }],
    });
    const painted = await get(PaintService).paint();
    expect(painted).toEqual({
      threadId: expect.any(Number),
      quality: 81,
      colours: ['red', 'blue'],
    });
    expect(painted.threadId).not.toBe(threadId);
  });

  it('keeps one application context, with its state, across tasks', async () => {
    const { get } = await startApplication({ providers: hooked });
    const service = get(HookedService);
    const calls = [await service.hooks(), await service.hooks(), await service.hooks()];
    expect(calls.map(({ call }) => call)).toEqual([1, 2, 3]);
    expect(new Set(calls.map((call) => call.threadId)).size).toBe(1);
  });

  it('runs the lifecycle hooks of its providers once', async () => {
    const { app, get, mp } = await startApplication({ options: 2, providers: hooked });
    const service = get(HookedService);
    await service.hooks();
    const { ran } = await service.hooks();
    expect(ran).toEqual(['onModuleInit', 'onApplicationBootstrap']);
    const hold = makeGate();
    const end = makeGate();
    const both = [1, 2].map(() => service.holdAndReportEnd(hold.shared, end.shared));
    await hold.waitFor(2);
    hold.open();
    await Promise.all(both);
    expect(end.record).toEqual([]);
    expect(mp.stats().workers.idle).toBe(2);
    await app.close();
    expect(end.record.toSorted((a, b) => a - b)).toEqual([1, 1, 2, 2]);
  });

  it('belongs to one application, and knows only the handlers of that one', async () => {
    const first = await startApplication({ providers: calc });
    const second = await startApplication({ providers: [...calc, ...hooked] });
    const [one, two] = await Promise.all([
      first.get(CalcService).where(),
      second.get(CalcService).where(),
    ]);
    expect(one.threadId).not.toBe(two.threadId);
    expect(first.mp.stats().completed).toBe(1);
    expect(second.mp.stats().completed).toBe(1);
    await expect(first.mp.run(HookedService, 'hooks', [])).rejects.toThrow('is not a handler');
  });
});
