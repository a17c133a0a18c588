import {
  DuplicateTaskError,
  ShutdownError,
  TaskCancelledError,
  TaskEvent,
  TaskSerializationError,
  TaskTimeoutError,
  WorkerCrashedError,
  type TaskOptions,
} from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { GatedService } from '../.fixtures/gated.service.js';
import { StormCells } from '../.fixtures/storm.cells.js';
import { StormService } from '../.fixtures/storm.service.js';
import { occupyAll } from '../faults/start.js';
import { ThreadDeaths } from '../support/thread-deaths.js';
import { makeGate, startApplication } from '../support/application.js';
import { rejectionOf, until } from '../support/outcomes.js';

const start = (options: object = {}) =>
  startApplication({
    // Handlers that stop at once have this long to do so, on any machine.
    options: { maxProcesses: 2, cancelGrace: 2_000, ...options },
    providers: [FaultService, GatedService, StormService],
  });

/*
 * The acceptance test: the library's nine promises, one test each, through the public API alone. `faults/`
 * has the same promises in detail, with their corner cases. What stands here twice does so on purpose: this
 * file says on one page what users rely on.
 */
describe('the promises of the library', () => {
  it('1. Bound: at no moment do more than maxProcesses attempts run, and a crash, a timeout or a resize leaks no permit', async () => {
    const deaths = new ThreadDeaths();
    const application = await start();
    const { mp } = application;
    const cells = StormCells.for(1_502);
    cells.bound = 3;
    deaths.add((thread) => cells.endOf(thread));
    const { shared } = cells;
    mp.resize(3);
    const flood = Array.from({ length: 600 }, (_, index) =>
      index % 3
        ? mp.run(StormService, 'quick', [shared, index])
        : mp.run(StormService, 'slow', [shared, index, 300]),
    );
    const crash = rejectionOf(mp.run(StormService, 'exit', [shared, 1_500, 9]));
    const timeout = rejectionOf(mp.run(StormService, 'stubborn', [shared, 1_501], { timeout: 30 }));
    const more = Array.from({ length: 600 }, (_, index) =>
      mp.run(StormService, 'quick', [shared, 600 + index]),
    );
    await Promise.all(flood);
    expect(await crash).toBeInstanceOf(WorkerCrashedError);
    expect(await timeout).toBeInstanceOf(TaskTimeoutError);
    await Promise.all(more);
    await until('no attempt runs', () => mp.stats().running === 0);
    mp.resize(2);
    cells.bound = 2;
    await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        mp.run(StormService, 'waiting', [shared, 1_200 + index, 0]),
      ),
    );
    deaths.close();
    expect(cells.report).toEqual({
      running: 0,
      tooMany: 0,
      tooManyBounded: 0,
      twoAttemptsAtATime: 0,
    });
    // As many as the bound allows do run at once.
    expect(await occupyAll(application, 2)).toHaveLength(2);
  });

  it('2. Settle: every accepted task settles exactly once, whatever happens to workers, listeners or callers', async () => {
    const { mp, emitter, record } = await start();
    const events = record();
    for (const name of Object.values(TaskEvent)) {
      emitter.on(name, () => {
        throw new Error(`a listener of ${name}`);
      });
    }
    const calls = [
      ['thread', []],
      ['fail', ['why']],
      ['exit', [3]],
      ['throwLater', []],
      ['returnFunction', []],
      ['failUntil', [2, new Flag().shared], { attempts: 2 }],
      ['spin', [], { timeout: 30 }],
      ['waitForAbort', [], { timeout: 30 }],
      ['spin', [], { signal: AbortSignal.timeout(300) }],
      ['thread', [], { queueTimeout: 1 }],
    ] as [string, unknown[], TaskOptions?][];
    const tasks = await Promise.all(
      calls.map(([method, args, options]) => mp.submit(`FaultService.${method}`, args, options)),
    );
    // No result is awaited before all tasks have settled.
    await mp.drain();
    const settling: string[] = [TaskEvent.Completed, TaskEvent.Failed, TaskEvent.Cancelled];
    for (const { uid, result, state } of tasks) {
      const mine = events.filter(({ event, name }) => event.uid === uid && settling.includes(name));
      expect(mine).toHaveLength(1);
      expect(mine[0]?.name).toBe(`asyncermp.task.${state}`);
      const [outcome] = await Promise.allSettled([result]);
      expect(outcome.status).toBe(state === 'completed' ? 'fulfilled' : 'rejected');
    }
    const { accepted, completed, failed, cancelled } = mp.stats();
    expect([accepted, completed + failed + cancelled]).toEqual([calls.length, calls.length]);
  });

  it('3. Order: priority, then submission order; a queued task can be cancelled, expired or moved', async () => {
    const { mp } = await start({ maxProcesses: 1 });
    const gate = makeGate();
    await mp.pause();
    const note = (id: number, options: TaskOptions = {}) =>
      mp.submit(GatedService, 'note', [gate.shared, id], options);
    const tasks = [
      await note(1),
      await note(2, { priority: 1 }),
      await note(3),
      await note(4, { priority: 1 }),
      await note(5, { priority: -1 }),
      await note(6, { queueTimeout: 20 }),
      await note(7),
    ];
    tasks[4]?.reprioritise(2);
    tasks[6]?.cancel();
    expect(await rejectionOf(tasks[5]?.result ?? Promise.resolve())).toMatchObject({
      phase: 'queue',
    });
    await mp.resume();
    await mp.drain();
    expect(gate.record).toEqual([5, 2, 4, 1, 3]);
  });

  it('4. Cancel: a queued task never runs; a running one sees it at once; one that does not stop loses its worker', async () => {
    const { mp, get } = await start({ maxProcesses: 1 });
    const thread = await get(FaultService).thread();
    const [started, stopped, ran] = [new Flag(), new Flag(), new Flag()];
    const running = await mp.submit(FaultService, 'spinCooperatively', [
      started.shared,
      stopped.shared,
    ]);
    const queued = await mp.submit(FaultService, 'gate', [ran.shared, ran.shared]);
    await started.reached();
    queued.cancel();
    running.cancel();
    await stopped.reached();
    for (const { result } of [queued, running]) {
      expect(await rejectionOf(result)).toBeInstanceOf(TaskCancelledError);
    }
    expect(await get(FaultService).thread()).toBe(thread);
    expect(ran.count).toBe(0);
    const stubborn = await mp.submit(FaultService, 'spin', [started.shared]);
    await started.reached(2);
    stubborn.cancel();
    expect(await get(FaultService).thread()).not.toBe(thread);
  });

  it('5. Time: a run timeout starts with the attempt; a stuck worker is replaced, and no other task is harmed', async () => {
    const application = await start();
    const { mp } = application;
    const before = await occupyAll(application, 2);
    const open = new Flag();
    const holding = [1, 2].map(() => mp.run(FaultService, 'gate', [open.shared]));
    const late = await mp.submit(FaultService, 'waitForAbort', [], { timeout: 100 });
    const later = mp.run(FaultService, 'thread', [], { queueTimeout: 150 });
    expect(await rejectionOf(later)).toMatchObject({ phase: 'queue' });
    expect(late.state).toBe('queued');
    open.raise();
    await Promise.all(holding);
    expect(await rejectionOf(late.result)).toMatchObject({ phase: 'run', limit: 100 });
    expect(late.runMs).toBeGreaterThan(90);
    const stuck = rejectionOf(mp.run(FaultService, 'spin', [], { timeout: 50 }));
    const others = Array.from({ length: 30 }, () => mp.run(FaultService, 'thread', []));
    expect(await stuck).toMatchObject({ phase: 'run', limit: 50 });
    await Promise.all(others);
    expect(new Set([...before, ...(await occupyAll(application, 2))]).size).toBe(3);
    expect(mp.stats().failed).toBe(3);
  });

  it('6. Retry: attempts counts failures, crashAttempts crashes, so that no task kills workers without end', async () => {
    const { mp } = await start();
    const [failures, crashes, mixed] = [new Flag(), new Flag(), new Flag()];
    await expect(
      mp.run(FaultService, 'failUntil', [3, failures.shared], { attempts: 3 }),
    ).resolves.toBe(3);
    const killing = mp.run(FaultService, 'exitUntil', [99, crashes.shared], { attempts: 99 });
    expect(await rejectionOf(killing)).toBeInstanceOf(WorkerCrashedError);
    expect(crashes.count).toBe(1);
    const limited = mp.run(FaultService, 'exitUntil', [99, mixed.shared], {
      attempts: 99,
      crashAttempts: 2,
    });
    expect(await rejectionOf(limited)).toBeInstanceOf(WorkerCrashedError);
    expect(mixed.count).toBe(2);
  });

  it('7. Shutdown: new tasks are refused, running ones may finish, and the rest fails with ShutdownError', async () => {
    // The tasks that may finish have this long, on any machine.
    const { app, mp, record } = await start({ shutdownTimeout: 4_000 });
    const events = record();
    const [open, started] = [new Flag(), new Flag()];
    const finishing = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    const stuck = rejectionOf(mp.run(FaultService, 'spin', [started.shared]));
    await started.reached(2);
    const queued = mp.run(FaultService, 'thread', []);
    const closing = app.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await rejectionOf(mp.run(FaultService, 'thread', []))).toBeInstanceOf(ShutdownError);
    open.raise();
    await Promise.all([finishing, queued]);
    expect(await stuck).toBeInstanceOf(ShutdownError);
    await closing;
    expect(mp.stats().workers).toEqual({ starting: 0, idle: 0, busy: 0, ending: 0 });
    expect(events.filter(({ name }) => name === TaskEvent.Completed)).toHaveLength(2);
    expect(events.filter(({ name }) => name === TaskEvent.Failed)).toHaveLength(1);
  });

  it('8. Duplicates: a uid that is queued or running is refused, or joined on request', async () => {
    const { mp } = await start();
    const [open, started] = [new Flag(), new Flag()];
    const submit = (options: TaskOptions = {}) =>
      mp.run(FaultService, 'gate', [open.shared, started.shared], { uid: 'the one', ...options });
    const first = submit();
    expect(await rejectionOf(submit())).toBeInstanceOf(DuplicateTaskError);
    await started.reached();
    expect(await rejectionOf(submit())).toBeInstanceOf(DuplicateTaskError);
    const joined = submit({ onDuplicate: 'join' });
    open.raise();
    expect(await joined).toBe(await first);
    expect(started.count).toBe(1);
    await submit();
    expect(started.count).toBe(2);
  });

  it('9. Bad input: it is refused at the call, and changes nothing', async () => {
    const { mp, get } = await start({ maxProcesses: 1 });
    const thread = await get(FaultService).thread();
    const before = mp.stats();
    const save = (): void => {};
    for (const [args, options, error] of [
      [[{ user: { save } }], {}, { path: 'args[0].user.save' }],
      [[1], { timeout: -1 }, { code: 'ASYNCERMP_CONFIGURATION' }],
      [[1], { uid: 4 }, { code: 'ASYNCERMP_CONFIGURATION' }],
      [[1], { tiemout: 4 }, { code: 'ASYNCERMP_CONFIGURATION' }],
    ] as [unknown[], TaskOptions, object][]) {
      expect(await rejectionOf(mp.run('FaultService.echo', args, options))).toMatchObject(error);
    }
    expect(mp.stats()).toEqual(before);
    const result = await rejectionOf(get(FaultService).returnFunction());
    expect(result).toBeInstanceOf(TaskSerializationError);
    expect(result).toMatchObject({ path: 'result.deep[0]' });
    expect(await get(FaultService).thread()).toBe(thread);
  });
});
