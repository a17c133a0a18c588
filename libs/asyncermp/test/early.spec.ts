import { threadId } from 'node:worker_threads';
import type { DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AsyncerMpService, ConfigurationError, ShutdownError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { EarlierService, EarlyService, NestedService } from './.fixtures/early.service.js';
import { FailingService } from './.fixtures/failing.service.js';
import { closeLater, rootModule, startApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

const calc = [AdderService, SquareService, CalcService];

describe('a task that is awaited while the application starts', () => {
  it('runs when onModuleInit or onApplicationBootstrap awaits it', async () => {
    const { get, mp } = await startApplication({ providers: [...calc, EarlyService] });
    expect(get(EarlyService).results).toEqual([4, 9, 16]);
    expect(mp.stats().completed).toBe(3);
  });

  it('runs in a worker even before AsyncerMpModule itself is initialised', async () => {
    const deep: DynamicModule = {
      module: class DeepModule {},
      providers: [...calc, EarlierService],
    };
    const middle: DynamicModule = { module: class MiddleModule {}, imports: [deep] };
    const { get } = await startApplication({
      options: { maxProcesses: 1, isGlobal: false },
      imports: [middle],
    });
    const { where } = get(EarlierService);
    expect(where).toBeTypeOf('number');
    expect(where).not.toBe(threadId);
  });

  it('runs although minProcesses is 0 and no worker was started before', async () => {
    const { get, mp } = await startApplication({
      options: { maxProcesses: 1, minProcesses: 0 },
      providers: [...calc, EarlyService],
    });
    expect(get(EarlyService).results).toEqual([4, 9, 16]);
    expect(mp.stats().completed).toBe(3);
  });

  it('runs in an application that was compiled but not initialised', async () => {
    const module = await Test.createTestingModule({
      imports: [rootModule({ providers: calc })],
    }).compile();
    closeLater(module);
    await expect(module.get(AsyncerMpService).run(CalcService, 'square', [5])).resolves.toBe(25);
    expect((await module.get(CalcService).where()).threadId).not.toBe(threadId);
  });

  it('is refused with ShutdownError if the application was closed before it was initialised', async () => {
    const module = await Test.createTestingModule({
      imports: [rootModule({ providers: calc })],
    }).compile();
    await module.close();
    const late = module.get(AsyncerMpService).run(CalcService, 'square', [5]);
    expect(await rejectionOf(late)).toBeInstanceOf(ShutdownError);
  });
});

describe('when the application has started', () => {
  it('minProcesses workers are ready, and no more', async () => {
    for (const minProcesses of [0, 1, 2]) {
      const { app, mp } = await startApplication({
        options: { maxProcesses: 2, minProcesses, verify: false },
        providers: calc,
      });
      expect(mp.stats().workers).toEqual({ starting: 0, idle: minProcesses, busy: 0, ending: 0 });
      await app.close();
    }
  });

  it('one worker is ready although minProcesses is 0: it was started to check the handlers', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 2, minProcesses: 0 },
      providers: calc,
    });
    expect(mp.stats().workers).toEqual({ starting: 0, idle: 1, busy: 0, ending: 0 });
  });

  it('no worker is started for an application without handlers', async () => {
    const { mp } = await startApplication({ providers: [] });
    expect(mp.stats().workers).toEqual({ starting: 0, idle: 0, busy: 0, ending: 0 });
    expect(mp.completedQueue.size).toBe(0);
    await mp.drain();
  });
});

describe('a decorated method', () => {
  it('runs in the calling thread on an instance made with new, with or without an application', async () => {
    const service = () => new CalcService(new SquareService(new AdderService()));
    expect(await service().where()).toEqual({ threadId, uid: undefined });
    await expect(service().report(3)).resolves.toBe('reported');
    const { mp } = await startApplication({ providers: calc });
    expect(await service().where()).toEqual({ threadId, uid: undefined });
    await expect(service().square(4)).resolves.toBe(16);
    await expect(new FailingService().type()).rejects.toBeInstanceOf(TypeError);
    expect(mp.stats().accepted).toBe(0);
  });

  it('runs in the same worker and as part of the same task when a handler calls it', async () => {
    const { get, mp } = await startApplication({ providers: [...calc, NestedService] });
    const { threads, uids } = await get(NestedService).outer();
    expect(new Set(threads).size).toBe(1);
    expect(threads[0]).not.toBe(threadId);
    expect(new Set(uids).size).toBe(1);
    expect(uids[0]).toEqual(expect.any(String));
    expect(mp.stats().accepted).toBe(1);
  });

  it('is refused with ConfigurationError when it submits a task inside a worker', async () => {
    const { get } = await startApplication({ providers: [...calc, NestedService] });
    const error = await rejectionOf(get(NestedService).submitInside());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain('inside a worker');
  });
});
