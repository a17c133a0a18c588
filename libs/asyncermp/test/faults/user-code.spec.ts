import { getEventListeners } from 'node:events';
import {
  ConfigurationError,
  DuplicateTaskError,
  TaskCancelledError,
  TaskEvent,
  TaskSerializationError,
  type AsyncerMpService,
  type TaskEventPayload,
} from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { rejectionOf, turns } from '../support/outcomes.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { collectUnhandled } from '../support/unhandled.js';
import { startFaults } from './start.js';

/** Without threads: what is tried here happens in the application. */
const startInline = (logger?: RecordingLogger): Promise<TestApplication> =>
  startApplication({
    options: { maxProcesses: 1, isolation: 'inline' },
    providers: [FaultService],
    ...(logger && { logger }),
  });

/** A pool that knows `echo()` as short, so that its tasks are sent together. Returns the one thread. */
async function startShort(): Promise<TestApplication & { readonly thread: number }> {
  const application = await startFaults();
  for (let run = 0; run < 50; run++) {
    await application.mp.run(FaultService, 'echo', [run]);
  }
  const thread = await application.mp.run(FaultService, 'thread', []);
  return Object.assign(application, { thread });
}

/** Nothing is in flight, all that was accepted settled once, and `drain()` resolves. */
async function expectBalanced({ mp }: TestApplication, accepted: number): Promise<void> {
  await mp.drain();
  const { completed, failed, cancelled, ...stats } = mp.stats();
  expect(stats).toMatchObject({ accepted, waiting: 0, retrying: 0, admitting: 0 });
  expect(completed + failed + cancelled).toBe(accepted);
}

/** The uids of tasks that wait, because the pool is paused. */
async function submitPaused(mp: AsyncerMpService, count: number): Promise<string[]> {
  await mp.pause();
  const uids = Array.from({ length: count }, (_, index) => `task ${index}`);
  await Promise.all(uids.map((uid) => mp.submit(FaultService, 'thread', [], { uid })));
  return uids;
}

describe('code of the user that acts in the middle of what happens to a task', () => {
  it.each([true, false])(
    'retryOn may cancel its own task, which settles once and never runs again (it returns %s)',
    async (isWorthIt) => {
      const application = await startInline();
      const { mp, record } = application;
      const events = record();
      const controller = new AbortController();
      const calls = new Flag();
      const retryOn = (): boolean => {
        controller.abort('fatal');
        return isWorthIt;
      };
      const { signal } = controller;
      const options = { uid: 'a', attempts: 3, signal, retryOn };
      const run = mp.run(FaultService, 'failUntil', [9, calls.shared], options);
      expect(await rejectionOf(run)).toMatchObject({ cause: 'fatal' });
      await turns(10);
      expect(calls.count).toBe(1);
      const names = events.map(({ name }) => name);
      expect(names).toEqual([TaskEvent.Queued, TaskEvent.Started, TaskEvent.Cancelled]);
      expect(mp.stats()).toMatchObject({ cancelled: 1, failed: 0, retried: 0 });
      await expectBalanced(application, 1);
    },
  );

  it('retryOn sees its task as running, with the attempt that has failed', async () => {
    const { mp } = await startInline();
    const seen: unknown[] = [];
    const retryOn = (): boolean => {
      const { state, attempt } = mp.get('a') ?? {};
      seen.push([state, attempt, mp.get('a')?.reprioritise(3)]);
      return true;
    };
    const options = { uid: 'a', attempts: 3, retryOn };
    await mp.run(FaultService, 'failUntil', [3, new Flag().shared], options);
    expect(seen).toEqual([
      ['running', 1, false],
      ['running', 2, false],
    ]);
  });

  it('a listener may cancel the tasks that were sent together with one that cannot be sent: their worker lives on', async () => {
    const application = await startShort();
    const { mp, get, emitter, thread } = application;
    const { accepted } = mp.stats();
    const controller = new AbortController();
    emitter.on(TaskEvent.Failed, () => controller.abort('one has failed'));
    const { signal } = controller;
    const changing: Record<string, unknown> = { value: 1 };
    await mp.pause();
    const first = mp.run(FaultService, 'echo', [1]);
    const bad = mp.run(FaultService, 'echo', [changing]);
    const others = [1, 2, 3].map(() => mp.run(FaultService, 'echo', [2], { signal }));
    const last = mp.run(FaultService, 'echo', [3]);
    changing['value'] = () => {};
    await mp.resume();
    expect(await rejectionOf(bad)).toMatchObject({ path: 'args[0].value' });
    for (const other of others) {
      expect(await rejectionOf(other)).toBeInstanceOf(TaskCancelledError);
    }
    expect([await first, await last]).toEqual([1, 3]);
    expect(await get(FaultService).thread()).toBe(thread);
    await expectBalanced(application, accepted + 7);
  });

  it('a getter of an argument may cancel any task while the arguments are sent, its own included', async () => {
    const application = await startShort();
    const { mp, get, thread } = application;
    await mp.pause();
    const { accepted } = mp.stats();
    let isSending = false;
    const canceller = (uids: readonly string[]) => ({
      get value(): number {
        if (isSending) {
          for (const uid of uids) {
            mp.cancel(uid);
          }
        }
        return 1;
      },
    });
    const runs = [
      mp.run(FaultService, 'echo', [canceller(['own', 'later'])], { uid: 'own' }),
      mp.run(FaultService, 'echo', [canceller(['own'])]),
      mp.run(FaultService, 'echo', [3], { uid: 'later' }),
      mp.run(FaultService, 'echo', [4]),
    ];
    isSending = true;
    await mp.resume();
    const outcomes = await Promise.allSettled(runs);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await get(FaultService).thread()).toBe(thread);
    await expectBalanced(application, accepted + 5);
  });

  it.each([
    ['once', [2]],
    ['twice', [2, 3]],
    ['always', [2, 3, 4, 5, 6]],
  ])(
    'a getter that throws %s when its task is sent, and throws what has no text, fails this task only',
    async (_when, throwingReads) => {
      const application = await startFaults();
      const { mp } = application;
      let reads = 0;
      const argument = {
        get value(): number {
          if (throwingReads.includes(++reads)) {
            throw Object.create(null);
          }
          return 1;
        },
      };
      const error = await rejectionOf(mp.run(FaultService, 'echo', [argument], { uid: 'odd' }));
      expect(error).toBeInstanceOf(TaskSerializationError);
      expect(mp.get('odd')).toMatchObject({ state: 'failed', attempt: 0 });
      await expect(mp.run(FaultService, 'echo', [1])).resolves.toBe(1);
      await expectBalanced(application, 2);
    },
  );

  it('a listener may cancel the others of a list of tasks that a shutdown fails', async () => {
    const application = await startInline();
    const { app, mp, emitter } = application;
    const uids = await submitPaused(mp, 5);
    emitter.on(TaskEvent.Failed, () => uids.forEach((uid) => mp.cancel(uid)));
    await app.close();
    expect(mp.stats()).toMatchObject({ failed: 1, cancelled: 4 });
    await expectBalanced(application, 5);
  });

  it('listeners may cancel one task after another, in a chain of 20,000', async () => {
    const application = await startInline();
    const { mp, emitter } = application;
    const uids = await submitPaused(mp, 20_000);
    let next = 1;
    emitter.on(TaskEvent.Cancelled, () => mp.cancel(uids[next++] ?? ''));
    mp.cancel('task 0');
    // Listeners hear of 1,000 in each turn of the event loop.
    await mp.drain();
    expect(mp.stats()).toMatchObject({ waiting: 0, cancelled: 20_000 });
    await expectBalanced(application, 20_000);
  });

  it('all listeners hear the events of a task in order, although the first one cancels it', async () => {
    const { mp, emitter, record } = await startInline();
    emitter.on(TaskEvent.Queued, ({ uid }: TaskEventPayload) => mp.cancel(uid));
    const seen: string[] = [];
    mp.completed$.subscribe(({ uid, state }) => seen.push(`${uid} ${state}`));
    const events = record();
    await mp.submit(FaultService, 'thread', [], { uid: 'a' });
    expect(events.map(({ name }) => name)).toEqual([TaskEvent.Queued, TaskEvent.Cancelled]);
    expect(seen).toEqual(['a cancelled']);
  });

  it('the reason of a cancel may have getters that cancel other tasks', async () => {
    const application = await startInline();
    const { mp } = application;
    const started = new Flag();
    const running = await mp.submit(FaultService, 'waitForAbort', [started.shared]);
    await started.reached();
    const queued = await mp.submit(FaultService, 'thread', []);
    const reason = {
      get cause(): string {
        queued.cancel();
        running.cancel();
        return 'why';
      },
    };
    expect(running.cancel(reason)).toBe(true);
    expect([running.state, queued.state]).toEqual(['cancelled', 'cancelled']);
    await expectBalanced(application, 2);
  });

  it('a listener may throw what no logger can read: it is logged, and harms no task', async () => {
    const logger = new RecordingLogger();
    const application = await startInline(logger);
    const { mp, emitter } = application;
    const refuse = (): never => {
      throw new Error('of the trap');
    };
    const monster = new Proxy(new Error('odd'), { get: refuse, getPrototypeOf: refuse });
    const broken = Object.defineProperty(new Error('broken'), 'stack', { get: refuse });
    for (const thrown of [monster, broken, Object.create(null)]) {
      emitter.on(TaskEvent.Completed, () => {
        throw thrown;
      });
    }
    await mp.run(FaultService, 'thread', []);
    await mp.run(FaultService, 'thread', []);
    expect(logger.with(`A listener of ${TaskEvent.Completed} threw`)).toHaveLength(6);
    await expectBalanced(application, 2);
  });

  it('an event emitter that throws is logged, and keeps no task from settling', async () => {
    const logger = new RecordingLogger();
    const application = await startInline(logger);
    const { mp, emitter } = application;
    emitter.hasListeners = () => {
      throw new Error('the emitter is broken');
    };
    await expect(mp.run(FaultService, 'echo', [1])).resolves.toBe(1);
    await expect(mp.run(FaultService, 'echo', [2])).resolves.toBe(2);
    expect(logger.with('the emitter is broken').length).toBeGreaterThan(0);
    await expectBalanced(application, 2);
  });

  it('options are read once: a getter cannot change what was checked', async () => {
    const application = await startInline();
    const { mp } = application;
    let reads = 0;
    const options = {
      get priority(): number {
        return reads++ === 0 ? 1 : Number.NaN;
      },
    };
    const task = await mp.submit(FaultService, 'thread', [], options);
    expect([reads, task.priority]).toEqual([1, 1]);
    const backoff = { type: 'fixed' as const, delay: 1 };
    const retried = mp.run(FaultService, 'failUntil', [2, new Flag().shared], {
      attempts: 2,
      backoff,
    });
    Object.assign(backoff, { delay: Symbol('no number') });
    await expect(retried).resolves.toBe(2);
    const inherited = Object.create({ attempts: 0 }) as object;
    const refused = mp.run(FaultService, 'thread', [], inherited);
    expect(await rejectionOf(refused)).toBeInstanceOf(ConfigurationError);
    await expectBalanced(application, 2);
  });
});

/** A signal with methods of the user. */
function signalWith(methods: Partial<Record<keyof AbortSignal, () => unknown>>) {
  const controller = new AbortController();
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(controller.signal, name, { value });
  }
  return { controller, signal: controller.signal };
}

describe('a signal of the user', () => {
  const refuse = (): never => {
    throw new Error('of the signal');
  };
  const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

  it('whose addEventListener throws fails the call, and leaves everything as it was', async () => {
    const application = await startInline();
    const { mp } = application;
    const { signal } = signalWith({ addEventListener: refuse });
    for (const uid of ['a', undefined]) {
      const options = { signal, ...(uid && { uid }) };
      const before = mp.stats();
      expect(await rejectionOf(mp.run(FaultService, 'echo', [1], options))).toMatchObject({
        message: 'of the signal',
      });
      expect(mp.stats()).toEqual(before);
      expect(mp.get('a')).toBeUndefined();
    }
    await expect(mp.run(FaultService, 'echo', [1], { uid: 'a' })).resolves.toBe(1);
    const mapped = mp.map(FaultService, 'echo', [[1]], { signal });
    expect(await rejectionOf(mapped.next())).toMatchObject({ message: 'of the signal' });
    await expectBalanced(application, 1);
  });

  it('whose addEventListener throws cannot join a task, which goes on for its other callers', async () => {
    const application = await startInline();
    const { mp } = application;
    await mp.pause();
    const [kept, bad] = [signalWith({}), signalWith({ addEventListener: refuse })];
    const join = (signal?: AbortSignal) =>
      mp.run(FaultService, 'echo', [1], {
        uid: 'a',
        onDuplicate: 'join',
        ...(signal && { signal }),
      });
    const first = join(kept.signal);
    expect(await rejectionOf(join(bad.signal))).toMatchObject({ message: 'of the signal' });
    kept.controller.abort('left');
    expect(await rejectionOf(first)).toMatchObject({ cause: 'left' });
    await expectBalanced(application, 1);
  });

  it('may throw when the task settles, or when its reason is read: the task settles all the same', async () => {
    const application = await startInline();
    const { mp } = application;
    const { signal } = signalWith({ removeEventListener: refuse });
    await expect(mp.run(FaultService, 'echo', [1], { signal })).resolves.toBe(1);
    await mp.pause();
    const { controller, signal: unread } = signalWith({});
    Object.defineProperty(unread, 'reason', { get: refuse });
    const waiting = mp.run(FaultService, 'echo', [1], { signal: unread });
    controller.abort();
    expect(await rejectionOf(waiting)).toMatchObject({ cause: { message: 'of the signal' } });
    await expectBalanced(application, 2);
  });

  it.each(['before', 'after'] as const)(
    'may be aborted by its own addEventListener: the call is refused (%s it listens)',
    async (when) => {
      const application = await startInline();
      const { mp } = application;
      for (const uid of ['a', undefined]) {
        const controller = new AbortController();
        const { signal } = controller;
        const listen = signal.addEventListener.bind(signal);
        signal.addEventListener = (...args: Parameters<typeof listen>) => {
          if (when === 'before') {
            controller.abort('at once');
          }
          listen(...args);
          controller.abort('at once');
        };
        const run = mp.run(FaultService, 'echo', [1], { signal, ...(uid && { uid }) });
        expect(await rejectionOf(run)).toMatchObject({ cause: 'at once' });
        expect(listenersOf(signal)).toBe(0);
        expect(mp.get('a')).toBeUndefined();
      }
      await expectBalanced(application, 0);
    },
  );

  it('may submit a task of the same uid in its addEventListener, which then has it', async () => {
    const application = await startInline();
    const { mp } = application;
    const { signal } = new AbortController();
    const listen = signal.addEventListener.bind(signal);
    let nested: Promise<unknown> | undefined;
    signal.addEventListener = (...args: Parameters<typeof listen>) => {
      nested ??= mp.run(FaultService, 'echo', [2], { uid: 'a' });
      listen(...args);
    };
    const run = mp.run(FaultService, 'echo', [1], { uid: 'a', signal });
    expect(await rejectionOf(run)).toBeInstanceOf(DuplicateTaskError);
    await expect(nested).resolves.toBe(2);
    expect(listenersOf(signal)).toBe(0);
    await expectBalanced(application, 1);
  });
});

describe('a retryOn that answers with a promise', () => {
  it('is refused where it is an async function', async () => {
    const { mp } = await startInline();
    const retryOn = (async () => true) as unknown as () => boolean;
    const run = mp.run(FaultService, 'echo', [1], { attempts: 2, retryOn });
    const error = await rejectionOf(run);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain('retryOn takes a function that returns true or');
  });

  it('counts as no, whatever becomes of the promise, and is logged', async () => {
    const logger = new RecordingLogger();
    const { mp } = await startInline(logger);
    const unhandled = await collectUnhandled(async () => {
      for (const answer of [Promise.resolve(true), Promise.reject(new Error('no answer'))]) {
        const calls = new Flag();
        const retryOn = (() => answer) as unknown as () => boolean;
        const run = mp.run(FaultService, 'failUntil', [9, calls.shared], { attempts: 3, retryOn });
        expect(await rejectionOf(run)).toMatchObject({ message: 'call 1' });
        expect(calls.count).toBe(1);
      }
      await turns(3);
    });
    expect(unhandled).toEqual([]);
    expect(logger.with('retryOn returned a promise')).toHaveLength(2);
    expect(mp.stats()).toMatchObject({ failed: 2, retried: 0 });
  });
});
