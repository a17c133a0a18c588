import { WorkerCrashedError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { rejectionOf, until } from '../support/outcomes.js';
import { occupyAll, startFaults, teachShort } from './start.js';

describe('the task whose worker dies fails with WorkerCrashedError', () => {
  it('with the exit code after process.exit()', async () => {
    const { mp } = await startFaults();
    const error = await rejectionOf(mp.run(FaultService, 'exit', [7], { uid: 'quits' }));
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(error).toMatchObject({
      reason: 'exit',
      exitCode: 7,
      uid: 'quits',
      handler: 'FaultService.exit',
    });
  });

  it('with the error as its cause after a stray timer threw', async () => {
    const { get } = await startFaults();
    const error = await rejectionOf(get(FaultService).throwLater());
    expect(error).toMatchObject({ reason: 'error', cause: { message: 'stray' } });
  });

  it('with the reason as its cause after an unhandled rejection', async () => {
    const { get } = await startFaults();
    const error = await rejectionOf(get(FaultService).rejectUnhandled());
    expect(error).toMatchObject({ reason: 'error', cause: { message: 'unhandled' } });
  });

  it('with reason out-of-memory after its heap was full, which the application survives', async () => {
    const { get } = await startFaults({ resourceLimits: { maxOldGenerationSizeMb: 48 } });
    const error = await rejectionOf(get(FaultService).eatMemory());
    expect(error).toMatchObject({ reason: 'out-of-memory' });
    await expect(get(FaultService).thread()).resolves.toBeTypeOf('number');
  });
});

describe('a crash', () => {
  it('harms no task behind it on the same worker, and none on another worker', async () => {
    const application = await startFaults({ maxProcesses: 2 });
    const { mp } = application;
    await teachShort(application);
    await occupyAll(application, 2);
    const [open, started] = [new Flag(), new Flag()];
    const neighbour = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    const go = new Flag();
    const crashing = rejectionOf(mp.run(FaultService, 'exitWhen', [go.shared]));
    // Some of these are sent to the worker that dies.
    const waiting = Array.from({ length: 100 }, () => mp.run(FaultService, 'thread', []));
    go.raise();
    expect(await crashing).toBeInstanceOf(WorkerCrashedError);
    await Promise.all(waiting);
    open.raise();
    await neighbour;
    expect(mp.stats()).toMatchObject({ failed: 1, retried: 0 });
  });

  it('harms no prefetched task, however often a worker dies before its turn', async () => {
    const application = await startFaults();
    const { mp } = application;
    await teachShort(application);
    let innocent: Promise<number> | undefined;
    for (let crash = 0; crash < 6; crash++) {
      const crashing = rejectionOf(mp.run(FaultService, 'exit', [1], { priority: 1 }));
      // Prefetched behind each of the tasks that end their worker, since its handler is short.
      innocent ??= mp.run(FaultService, 'thread', []);
      expect(await crashing).toBeInstanceOf(WorkerCrashedError);
    }
    await expect(innocent).resolves.toBeTypeOf('number');
  });

  it('of an idle worker is logged, and the next task gets another worker', async () => {
    const warnings: string[] = [];
    const logger = {
      log: () => {},
      error: () => {},
      warn: (text: string) => void warnings.push(text),
    };
    const { mp, get } = await startFaults({ logger });
    const go = new Flag();
    const thread = await get(FaultService).thread();
    await get(FaultService).throwWhenIdle(go.shared);
    go.raise();
    await until('the crash is logged', () => warnings.length > 0);
    expect(warnings[0]).toContain('stray while idle');
    await expect(get(FaultService).thread()).resolves.not.toBe(thread);
    expect(mp.stats()).toMatchObject({ completed: 3, failed: 0 });
  });

  it('leaks no permit: as many tasks run at once as before', async () => {
    const application = await startFaults({ maxProcesses: 3 });
    const { mp } = application;
    await occupyAll(application, 3);
    const crashes = Array.from({ length: 6 }, () => rejectionOf(mp.run(FaultService, 'exit', [1])));
    for (const crash of crashes) {
      expect(await crash).toBeInstanceOf(WorkerCrashedError);
    }
    const threads = await occupyAll(application, 3);
    expect(new Set(threads).size).toBe(3);
    expect(mp.stats()).toMatchObject({ running: 0, failed: 6, workers: { starting: 0 } });
  });
});
