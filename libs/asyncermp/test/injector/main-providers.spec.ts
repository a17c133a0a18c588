import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AsyncerMpModule,
  AsyncerMpService,
  ConfigurationError,
  CpuTaskHost,
  ShutdownError,
  TaskCancelledError,
  TaskSerializationError,
  TaskTimeoutError,
  WorkerCrashedError,
} from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import * as main from '../.fixtures/application/main.modules.js';
import { closeLater, makeGate } from '../support/application.js';
import { RecordingLogger } from '../support/recording-logger.js';

async function start(
  root: Type<unknown>,
  logger: RecordingLogger | false = false,
): Promise<INestApplicationContext> {
  return closeLater(
    await NestFactory.createApplicationContext(root, { logger, abortOnError: false }),
  );
}

/** Resolves when a worker waits for `Ledger.never()`. */
function waited(app: INestApplicationContext): Promise<void> {
  return new Promise((resolve) => {
    app.get(main.Ledger).onWait = resolve;
  });
}

describe.each([
  ['of the classes alone', main.LightModule],
  ["of the application's modules", main.GraphModule],
])('a provider that stays in the application, in a worker built %s', (_how, root) => {
  it("is called there, on the application's own instance, and answers", async () => {
    const app = await start(root);
    const report = app.get(main.ReportService);
    expect(await report.price('coffee')).toBe(4);
    expect(await report.use()).toEqual([2, 'EUR', 'own, main', 1_234, 'worker', false]);
    expect(app.get(main.Ledger).entries.get('tea')).toBe(3);
  });

  it('is no promise, no provider with hooks and nothing that can be written to', async () => {
    const app = await start(root);
    expect(await app.get(main.ReportService).looksLike()).toEqual([
      true,
      undefined,
      undefined,
      undefined,
      undefined,
      '[object Remote Ledger]',
      '{}',
      true,
      'Ledger.entries cannot be set here: Ledger stays in the application, and a worker can only call its methods.',
    ]);
  });
});

describe('a call from a worker to the application', () => {
  it('throws in the handler what the method threw, with class, properties and cause', async () => {
    const app = await start(main.LightModule);
    const report = app.get(main.ReportService);
    expect(await report.caught('fails')).toMatchObject([
      true,
      'RangeError',
      'too much',
      { message: 'the cause' },
      { account: 'savings' },
    ]);
    await expect(report.fails()).rejects.toMatchObject({ account: 'savings' });
  });

  it('names the path of an argument or a result that cannot be cloned', async () => {
    const app = await start(main.LightModule);
    const report = app.get(main.ReportService);
    const [, name, message, , { path }] = (await report.caught('uncloneable')) as [
      ...[unknown, string, string, unknown, { path: string }],
    ];
    expect([name, path]).toEqual([
      'TaskSerializationError',
      'Ledger.uncloneable().result.rows[0].save',
    ]);
    expect(message).toContain('of ReportService.caught: ');
    const error: unknown = await report.takes('function').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TaskSerializationError);
    expect(error).toMatchObject({
      path: 'Ledger.price().args[0].save',
      handler: 'ReportService.takes',
    });
  });

  it('keeps the class of arguments and results that are sendable', async () => {
    const app = await start(main.LightModule);
    expect(await app.get(main.ReportService).roundTrip()).toEqual([true, 'I am Grace']);
  });

  it('warns once of each class that arguments or results lose', async () => {
    const logger = new RecordingLogger();
    const app = await start(main.LightModule, logger);
    const report = app.get(main.ReportService);
    expect(await report.sendsCommand()).toBe('Object ping');
    expect(await report.sendsCommand()).toBe('Object ping');
    expect(logger.with('Ledger.execute().args[0] of a worker')).toMatchObject([{ level: 'warn' }]);
    expect(await report.receivesCommand()).toBe('Object');
    // The same class is not mentioned twice.
    expect(logger.with('is an instance of Command')).toHaveLength(1);
  });

  it('is refused with strictClasses if a class would be lost', async () => {
    const app = await start(main.StrictModule);
    const report = app.get(main.ReportService);
    const sent = report.sendsCommand();
    await expect(sent).rejects.toMatchObject({ path: 'Ledger.execute().args[0]' });
    const received = report.receivesCommand();
    await expect(received).rejects.toMatchObject({ path: 'Ledger.command().result' });
  });

  it('is no difference between the instances of workers and of the application', async () => {
    const logger = new RecordingLogger();
    const app = await start(main.GraphModule, logger);
    await app.get(main.ReportService).price('coffee');
    expect(logger.with('nothing in workers')).toEqual([]);
  });

  it.each(['missing', 'entries'])('is refused for %s, which is no method there', async (name) => {
    const app = await start(main.LightModule);
    const error: unknown = await app
      .get(main.ReportService)
      .refused(name)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(
      `A worker called Ledger.${name}() in the application`,
    );
  });

  it.each(['_private', 'onModuleInit'])('does not exist for %s', async (name) => {
    const app = await start(main.LightModule);
    await expect(app.get(main.ReportService).refused(name)).resolves.toBe('nothing');
  });

  it('is made by a provider of a worker while it is being built, too', async () => {
    const app = await start(main.RatesModule);
    await expect(app.get(main.Calculator).value(2_000)).resolves.toEqual([20, 20]);
  });
});

describe('a handler that waits for the application', () => {
  it('gets a TaskCancelledError when its task is cancelled', async () => {
    const app = await start(main.LightModule);
    const gate = makeGate();
    const isWaiting = waited(app);
    const task = await app
      .get(AsyncerMpService)
      .submit(main.ReportService, 'waitsAndReports', [gate.shared]);
    await isWaiting;
    task.cancel();
    await expect(task.result).rejects.toBeInstanceOf(TaskCancelledError);
    // The same worker serves on: nothing had to be killed.
    await expect(app.get(main.ReportService).price('coffee')).resolves.toBe(4);
    expect(gate.record.map((end) => main.ENDS[end])).toEqual(['TaskCancelledError']);
  });

  it('gets the TaskTimeoutError of its task, whose time counts on meanwhile', async () => {
    const app = await start(main.LightModule);
    const gate = makeGate();
    const run = app
      .get(AsyncerMpService)
      .run(main.ReportService, 'waitsAndReports', [gate.shared], { timeout: 50 });
    await expect(run).rejects.toBeInstanceOf(TaskTimeoutError);
    await expect(app.get(main.ReportService).price('coffee')).resolves.toBe(4);
    expect(gate.record.map((end) => main.ENDS[end])).toEqual(['TaskTimeoutError']);
  });

  it('gets the ShutdownError when the application goes down', async () => {
    const app = await start(main.ImpatientModule);
    const gate = makeGate();
    const isWaiting = waited(app);
    const run = app.get(AsyncerMpService).run(main.ReportService, 'waitsAndReports', [gate.shared]);
    const failed = expect(run).rejects.toBeInstanceOf(ShutdownError);
    await isWaiting;
    await app.close();
    await failed;
    expect(gate.record.map((end) => main.ENDS[end])).toEqual(['ShutdownError']);
  });

  it('fails with its worker, and the next worker calls the application again', async () => {
    const app = await start(main.LightModule);
    const report = app.get(main.ReportService);
    await expect(report.crashes()).rejects.toBeInstanceOf(WorkerCrashedError);
    await expect(report.price('coffee')).resolves.toBe(4);
  });

  it('may wait for a task of the same pool, also if that has one worker only', async () => {
    const app = await start(main.NestedModule);
    await expect(app.get(main.Nested).down(3)).resolves.toBe(3);
  });

  it('is named in a warning if too many wait for each other, and each of them can be cancelled', async () => {
    const logger = new RecordingLogger();
    const warned = new Promise<void>((resolve) => {
      logger.warn = (message) => {
        if (String(message).startsWith('Too many handlers wait for the application')) {
          resolve();
        }
      };
    });
    const app = await start(main.NestedModule, logger);
    const mp = app.get(AsyncerMpService);
    const abort = new AbortController();
    const run = mp.run(main.Nested, 'down', [100], { signal: abort.signal });
    await warned;
    app.get(main.TaskRunner).stop.abort();
    abort.abort();
    await expect(run).rejects.toBeInstanceOf(TaskCancelledError);
    // It finds a permit when the handlers have let go of theirs.
    await expect(app.get(main.Nested).down(0)).resolves.toBe(0);
    expect(mp.stats()).toMatchObject({ running: 0, waiting: 0, completed: 1 });
  });
});

describe('a handler that waits long for the application', () => {
  /** Two handlers that wait, in a pool of two. */
  async function twoWaiting() {
    const app = await start(main.LendingModule);
    const desk = app.get(main.Desk);
    const meter = new main.Meter();
    const bothWait = new Promise<void>((resolve) => {
      let callers = 0;
      desk.onCaller = () => {
        if (++callers === 2) {
          resolve();
        }
      };
    });
    return { mp: app.get(AsyncerMpService), lender: app.get(main.Lender), desk, meter, bothWait };
  }

  it('lends its permit to other tasks meanwhile', async () => {
    const { mp, lender, desk, meter, bothWait } = await twoWaiting();
    const waiting = [lender.waits(meter.shared), lender.waits(meter.shared)];
    await bothWait;
    await expect(lender.works(meter.shared)).resolves.toBe('worked');
    desk.answerAll();
    expect(await Promise.all(waiting)).toEqual(['waited', 'waited']);
    expect(mp.stats()).toMatchObject({ running: 0, waiting: 0, completed: 3 });
  });

  it('goes on when a permit is free again, so that never more run than maxProcesses', async () => {
    const { mp, lender, desk, meter, bothWait } = await twoWaiting();
    const waiting = [lender.waits(meter.shared), lender.waits(meter.shared)];
    await bothWait;
    const working = Array.from({ length: 12 }, () => lender.works(meter.shared));
    await working[0];
    desk.answerAll();
    await Promise.all([...waiting, ...working]);
    expect(meter.most).toBeLessThanOrEqual(2);
    expect(mp.stats()).toMatchObject({ running: 0, waiting: 0, completed: 14 });
  });

  it('goes on before the tasks in the queue', async () => {
    const { lender, desk, meter, bothWait } = await twoWaiting();
    const order: string[] = [];
    const note = (what: string): void => {
      order.push(what);
    };
    const waiting = [lender.waits(meter.shared), lender.waits(meter.shared)];
    await bothWait;
    const working = Array.from({ length: 40 }, () => lender.works(meter.shared).then(note));
    await working[0];
    desk.answerAll();
    await Promise.all([...waiting.map((each) => each.then(note)), ...working]);
    expect(order.lastIndexOf('waited')).toBeLessThan(20);
  });

  it('that ends its worker leaves the pool as it was', async () => {
    const { mp, lender, meter, bothWait } = await twoWaiting();
    const tasks = await Promise.all([
      mp.submit(main.Lender, 'waitsThenHangs', []),
      mp.submit(main.Lender, 'waitsThenHangs', []),
    ]);
    await bothWait;
    await lender.works(meter.shared);
    for (const task of tasks) {
      task.cancel();
      await expect(task.result).rejects.toBeInstanceOf(TaskCancelledError);
    }
    const working = Array.from({ length: 8 }, () => lender.works(meter.shared));
    expect(new Set(await Promise.all(working))).toEqual(new Set(['worked']));
    expect(meter.most).toBeLessThanOrEqual(2);
    expect(mp.stats()).toMatchObject({ running: 0, waiting: 0, completed: 9, cancelled: 2 });
  });
});

describe('a provider that Nest could build in no worker', () => {
  it("is no reason for the application's modules if it stays in the application", async () => {
    const app = await start(main.ConnectingModule);
    const { injection, provider } = await app.get(AsyncerMpService).explain(main.Connecting);
    expect(injection).toBe('handlers');
    expect(provider.dependencies).toMatchObject([{ token: 'Connected', kind: 'main' }]);
    expect(provider.dependencies[0]?.dependencies).toEqual([]);
    await expect(app.get(main.Connecting).run()).resolves.toEqual(['connected', 0]);
  });

  it("is not built with the application's modules either, nor is its module", async () => {
    const app = await start(main.ConnectingGraphModule);
    await expect(app.get(main.Connecting).run()).resolves.toEqual(['connected', 0]);
  });
});

describe('EventEmitter2 in a worker', () => {
  it("reaches the application's listeners, and adds none", async () => {
    const app = await start(main.EmittingModule);
    const listener = app.get(main.Listener);
    const last = new Promise<void>((resolve) => {
      listener.onLast = resolve;
    });
    const [returned, answers, counted] = await app.get(main.Emitting).emits();
    await last;
    expect([returned, answers, counted]).toEqual([true, [undefined, 'heard second'], []]);
    expect(listener.heard).toEqual([
      ['first', { row: 1 }, true],
      ['second', true],
      ['last', true],
    ]);
  });

  it('refuses to emit what cannot be cloned', async () => {
    const app = await start(main.EmittingModule);
    await expect(app.get(main.Emitting).emitsFunction()).rejects.toMatchObject({
      name: 'TaskSerializationError',
      path: 'EventEmitter.emit().args[1].save',
    });
  });

  it("logs a listener's error, since its caller does not wait", async () => {
    const logger = new RecordingLogger();
    const app = await start(main.EmittingModule, logger);
    const listener = app.get(main.Listener);
    const heard = new Promise<void>((resolve) => {
      listener.onLast = resolve;
    });
    app.get(main.Emitting).throwsOn('last');
    await app.get(main.Emitting).emits();
    await heard;
    await app.close();
    expect(logger.with('which a worker called without waiting for it, threw')).toMatchObject([
      { level: 'error' },
    ]);
  });
});

describe('the providers that are named to stay in the application', () => {
  async function problemWith(listed: unknown[]): Promise<string> {
    const error: unknown = await start({
      module: class ListingModule {},
      imports: [
        AsyncerMpModule.forRoot({ maxProcesses: 1, main: listed as never }),
        main.OtherModule,
      ],
      providers: [main.Transient, main.Twice, { provide: 'NUMBER', useValue: 1 }],
    } as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }

  it('are refused at the start where there is no one object with methods', async () => {
    expect(await problemWith([main.Missing])).toContain('no module of it provides Missing');
    expect(await problemWith([main.Transient])).toContain('there is no one instance');
    expect(await problemWith([main.Twice])).toContain('ListingModule and OtherModule');
    expect(await problemWith(['NUMBER'])).toContain('it is no object');
  });

  it('are refused at the start if they have handlers of their own', async () => {
    expect(await problemWithHandler()).toContain(
      'ReportService is to stay in the application (main), and has the handler ReportService.price',
    );
  });

  async function problemWithHandler(): Promise<string> {
    const error: unknown = await start({
      module: class ListingModule {},
      imports: [AsyncerMpModule.forRoot({ maxProcesses: 1, main: [main.ReportService] })],
      providers: [main.ReportService, main.Ledger, main.Unlisted, main.clock],
    } as never).catch((reason: unknown) => reason);
    return (error as Error).message;
  }

  it('are named by an array', () => {
    expect(() => CpuTaskHost({ main: main.Ledger as never })(class Host {})).toThrow(
      'main must be an array',
    );
  });
});

describe("isolation: 'inline'", () => {
  it("gives handlers the application's own instances", async () => {
    const app = await start(main.InlineModule);
    const report = app.get(main.ReportService);
    expect(await report.price('coffee')).toBe(4);
    await expect(report.fails()).rejects.toMatchObject({ account: 'savings' });
  });
});
