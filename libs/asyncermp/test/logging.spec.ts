import { describe, expect, it } from 'vitest';
import { TalkativeService } from './.fixtures/talkative.service.js';
import { FailingService } from './.fixtures/failing.service.js';
import { startApplication } from './support/application.js';
import { RecordingLogger } from './support/recording-logger.js';
import { collectUnhandled } from './support/unhandled.js';

async function start(parts: { poolLogger?: RecordingLogger; logger?: RecordingLogger }) {
  const { poolLogger, logger } = parts;
  return startApplication({
    options: { maxProcesses: 1, ...(poolLogger && { logger: poolLogger }) },
    providers: [TalkativeService, FailingService],
    ...(logger && { logger }),
  });
}

describe("a worker's logger", () => {
  it("writes through the application's logger, at its level, with handler and uid", async () => {
    const logger = new RecordingLogger();
    const { mp } = await start({ logger });
    await mp.run(TalkativeService, 'say', [], { uid: 'u-1' });
    const lines = logger.with('u-1');
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['log', 'a log line'],
      ['warn', 'a warning'],
      ['debug', { structured: 1 }],
      ['error', 'an error'],
    ]);
    for (const { rest } of lines) {
      expect(rest.at(-1)).toBe('Talkative TalkativeService.say u-1');
    }
    expect(lines.at(-1)?.rest).toContainEqual(expect.stringContaining('at somewhere'));
  });

  it('adds handler and uid after an await and in a static call, too', async () => {
    const logger = new RecordingLogger();
    const { mp } = await start({ logger });
    await mp.run(TalkativeService, 'sayLater', [], { uid: 'u-2' });
    expect(logger.with('after a turn')).toEqual([
      {
        level: 'verbose',
        message: 'after a turn',
        rest: ['Elsewhere TalkativeService.sayLater u-2'],
      },
    ]);
  });

  it('accepts values that cannot be cloned', async () => {
    const logger = new RecordingLogger();
    const { get } = await start({ logger });
    await get(TalkativeService).sayUncloneable();
    expect(logger.with('sayUncloneable')).toMatchObject([
      { message: expect.stringContaining('run: [Function') },
    ]);
  });

  it("names the worker if no task runs, and leaves out Nest's own start-up lines", async () => {
    const logger = new RecordingLogger();
    const { app, get } = await start({ logger });
    await get(TalkativeService).say();
    const ofWorkers = logger.entries.filter(({ rest }) => String(rest.at(-1)).includes('worker 1'));
    expect(ofWorkers.map(({ message }) => message)).toEqual(['starting']);
    await app.close();
    expect(logger.with('worker 1').map(({ message }) => message)).toEqual(['starting', 'ending']);
  });
});

describe('a failed task', () => {
  it('is logged once, with uid, handler, error and stack', async () => {
    const logger = new RecordingLogger();
    const { mp } = await start({ logger });
    const task = await mp.submit(TalkativeService, 'fail', [], { uid: 'u-3' });
    await task.result.catch(() => {});
    await mp.drain();
    expect(logger.with('u-3')).toEqual([
      {
        level: 'error',
        message: 'Task u-3 of TalkativeService.fail failed: RangeError: out of range',
        rest: [expect.stringMatching(/out of range\n +at .*talkative/), 'AsyncerMp'],
      },
    ]);
  });

  it('is logged once after three attempts', async () => {
    const logger = new RecordingLogger();
    const { mp } = await start({ logger });
    await mp.run(TalkativeService, 'fail', [], { uid: 'u-4', attempts: 3 }).catch(() => {});
    expect(logger.with('u-4')).toHaveLength(1);
  });

  it('is the only kind that is logged: cancelled and completed tasks are not', async () => {
    const logger = new RecordingLogger();
    const { mp } = await start({ logger });
    await mp.pause();
    const task = await mp.submit(TalkativeService, 'fail', [], { uid: 'u-5' });
    task.cancel();
    await mp.resume();
    await mp.run(TalkativeService, 'sayLater', [], { uid: 'u-6' });
    expect(logger.with('u-5')).toEqual([]);
    expect(logger.with('u-6')).toHaveLength(1);
  });
});

describe('the logger option', () => {
  it("receives all lines instead of Nest's logger", async () => {
    const logger = new RecordingLogger();
    const poolLogger = new RecordingLogger();
    const { mp } = await start({ logger, poolLogger });
    await mp.run(TalkativeService, 'say', [], { uid: 'u-7' });
    await mp.run(TalkativeService, 'fail', [], { uid: 'u-8' }).catch(() => {});
    expect(logger.with('u-')).toEqual([]);
    expect(poolLogger.with('u-7')).toHaveLength(4);
    expect(poolLogger.with('u-8')).toHaveLength(1);
  });

  it('may be a logger without the optional methods', async () => {
    const all = new RecordingLogger();
    const { log, error, warn } = all;
    const { mp } = await startApplication({
      options: { maxProcesses: 1, logger: { log, error, warn } },
      providers: [TalkativeService],
    });
    await mp.run(TalkativeService, 'say', [], { uid: 'u-9' });
    expect(all.with('u-9')).toHaveLength(4);
  });

  it('may be a logger that throws, which harms no task', async () => {
    const broken = () => {
      throw new Error('the disk is full');
    };
    const { mp, record } = await startApplication({
      options: { maxProcesses: 1, logger: { log: () => {}, error: broken, warn: () => {} } },
      providers: [TalkativeService],
    });
    const events = record();
    const uncaught = await collectUnhandled(async () => {
      const task = await mp.submit(TalkativeService, 'fail', []);
      await expect(task.result).rejects.toBeInstanceOf(RangeError);
      await mp.run(TalkativeService, 'say', []);
    });
    expect(uncaught).toEqual([]);
    expect(events.map(({ name }) => name.split('.').at(-1))).toEqual([
      'queued',
      'started',
      'failed',
      'queued',
      'started',
      'completed',
    ]);
  });
});
