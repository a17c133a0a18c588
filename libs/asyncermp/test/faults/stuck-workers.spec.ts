import { TaskTimeoutError, type AsyncerMpOptions } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import {
  HangingEndService,
  HangingStartService,
  StuckService,
} from '../.fixtures/stuck.service.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { rejectionOf, until } from '../support/outcomes.js';
import { Pipe } from '../support/pipes.js';
import { RecordingLogger } from '../support/recording-logger.js';

async function start(
  options: AsyncerMpOptions = {},
): Promise<TestApplication & { logger: RecordingLogger }> {
  const logger = new RecordingLogger();
  const application = await startApplication({
    options: { maxProcesses: 1, cancelGrace: 0, shutdownTimeout: 0, logger, ...options },
    providers: [StuckService, HangingEndService],
  });
  return Object.assign(application, { logger });
}

/** Runs a task that sits in a native call when it is cancelled. */
async function sitInNativeCall({ mp }: TestApplication): Promise<Pipe> {
  const pipe = new Pipe();
  const stuck = await mp.submit(StuckService, 'read', [pipe.path, new Flag().shared]);
  await pipe.entered();
  stuck.cancel();
  return pipe;
}

describe('a worker in a native call, which cannot be ended', () => {
  it('is replaced by the ready spare worker, is logged, and is counted in stats() until it ends', async () => {
    const application = await start({ spareProcesses: 1 });
    const { mp, logger } = application;
    const pipe = await sitInNativeCall(application);
    await mp.run(StuckService, 'thread', []);
    expect(mp.stats().workers.ending).toBe(1);
    expect(logger.with('is left behind')).toHaveLength(1);
    pipe.close();
    await until('it has ended', () => mp.stats().workers.ending === 0);
    expect(logger.with('could not start')).toEqual([]);
  });

  it('fails its task with the time limit, and the pool goes on without it', async () => {
    const { mp } = await start();
    const pipe = new Pipe();
    const calls = new Flag().shared;
    const stuck = mp.run(StuckService, 'read', [pipe.path, calls], { timeout: 500 });
    expect(await rejectionOf(stuck)).toBeInstanceOf(TaskTimeoutError);
    await expect(mp.run(StuckService, 'thread', [])).resolves.toBeTypeOf('number');
    expect(mp.stats()).toMatchObject({ completed: 1, failed: 1, running: 0 });
  });

  it('lets go of its task only when the call returns: no second attempt runs beside the first', async () => {
    const { mp } = await start();
    const pipe = new Pipe();
    const calls = new Flag();
    const retried = await mp.submit(StuckService, 'readAlone', [pipe.path, calls.shared], {
      timeout: 2_000,
      attempts: 2,
    });
    await pipe.entered();
    await until('it is left behind', () => mp.stats().workers.ending === 1);
    await mp.run(StuckService, 'thread', []);
    const other = await mp.submit(StuckService, 'readAlone', [pipe.path, calls.shared]);
    // Another task of the pool has run, and still neither of those that the handler's bound holds back.
    await mp.run(StuckService, 'thread', []);
    expect(calls.count).toBe(1);
    expect(retried.state).toBe('running');
    expect(other.state).toBe('queued');
    retried.cancel();
    other.cancel();
    pipe.close();
    await until('it has ended', () => mp.stats().workers.ending === 0);
  });

  it('takes a place of four in the smallest pool: no more are started until one of them ends', async () => {
    const application = await start();
    const { mp } = application;
    const pipes: Pipe[] = [];
    for (let worker = 0; worker < 4; worker++) {
      pipes.push(await sitInNativeCall(application));
    }
    await until('four workers are left behind', () => mp.stats().running === 0);
    const next = await mp.submit(StuckService, 'thread', []);
    expect(mp.stats()).toMatchObject({
      waiting: 1,
      workers: { starting: 0, idle: 0, busy: 0, ending: 4 },
    });
    pipes[0]?.close();
    await expect(next.result).resolves.toBeTypeOf('number');
  });

  it('does not hold back close()', async () => {
    const application = await start();
    const { app, mp } = application;
    await sitInNativeCall(application);
    await app.close();
    expect(mp.stats().workers).toEqual({ starting: 0, idle: 0, busy: 0, ending: 1 });
  });
});

describe('workers whose shutdown hooks hang', () => {
  it('are never more than four at a time in the smallest pool, however often they are replaced', async () => {
    const { app, mp, logger } = await start({ maxTasksPerWorker: 1 });
    const threads = new Set<unknown>();
    const ending: number[] = [];
    while (threads.size < 6) {
      threads.add(await mp.run(HangingEndService, 'thread', []));
      ending.push(mp.stats().workers.ending);
    }
    expect(Math.max(...ending)).toBeLessThanOrEqual(4);
    expect(logger.with('shutdown hooks').length).toBeGreaterThan(0);
    // They are killed: close() does not wait for hooks that do not end.
    await app.close();
    expect(mp.stats().workers.ending).toBe(0);
  });
});

describe('close()', () => {
  it('does not wait for a worker whose start hangs', async () => {
    const { app, mp } = await startApplication({
      options: { maxProcesses: 1, minProcesses: 0, verify: false, shutdownTimeout: 0 },
      providers: [HangingStartService],
    });
    const waiting = rejectionOf(mp.run(HangingStartService, 'thread', []));
    await until('a worker starts', () => mp.stats().workers.starting === 1);
    await app.close();
    expect(await waiting).toMatchObject({ name: 'ShutdownError' });
  });
});

describe('a worker whose event loop is blocked by what a handler left behind', () => {
  it('is replaced, is logged, and gives its tasks back, which then run with their time limits', async () => {
    const { mp, logger } = await start();
    const blocked = new Flag();
    const thread = await mp.run(StuckService, 'leaveLoop', [blocked.shared]);
    await blocked.reached();
    const tasks = await Promise.all(
      [1, 2].map(() => mp.submit(StuckService, 'thread', [], { timeout: 20_000 })),
    );
    for (const task of tasks) {
      const other = await task.result;
      expect(other).toBeTypeOf('number');
      expect(other).not.toBe(thread);
      expect(task.attempt).toBe(1);
    }
    expect(logger.with('blocks its event loop')).toHaveLength(1);
    expect(mp.stats()).toMatchObject({ failed: 0, retried: 0 });
  });

  it('is replaced also if its only task was cancelled meanwhile, or if it sits in a native call', async () => {
    const { mp } = await start({ maxProcesses: 2, minProcesses: 2 });
    const pipe = new Pipe();
    const blocked = new Flag();
    await Promise.all([
      mp.run(StuckService, 'leaveLoop', [blocked.shared]),
      mp.run(StuckService, 'leaveRead', [pipe.path]),
    ]);
    await blocked.reached();
    await pipe.entered();
    const cancelled = await Promise.all([1, 2].map(() => mp.submit(StuckService, 'thread', [])));
    for (const task of cancelled) {
      task.cancel();
    }
    const tasks = [1, 2, 3].map(() => mp.run(StuckService, 'thread', []));
    await expect(Promise.all(tasks)).resolves.toHaveLength(3);
    expect(mp.stats()).toMatchObject({ cancelled: 2, failed: 0, workers: { ending: 1 } });
  });

  it('fails a task whose memory was handed over to it, which cannot be sent again', async () => {
    const { mp } = await start();
    const blocked = new Flag();
    await mp.run(StuckService, 'leaveLoop', [blocked.shared]);
    await blocked.reached();
    const bytes = new Uint8Array(8);
    const lost = mp.run(StuckService, 'bytes', [bytes], { transfer: [bytes.buffer] });
    expect(await rejectionOf(lost)).toMatchObject({ name: 'WorkerCrashedError' });
    await expect(mp.run(StuckService, 'thread', [])).resolves.toBeTypeOf('number');
  });
});
