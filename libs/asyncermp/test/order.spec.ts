import { describe, expect, it } from 'vitest';
import { ConfigurationError } from 'nestjs-asyncermp';
import { Census, CountedService } from './.fixtures/counted.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { heapInUse } from './support/garbage.js';
import { thrownBy, until } from './support/outcomes.js';
import { Random } from './support/random.js';

const start = (maxProcesses = 1) =>
  startApplication({ options: maxProcesses, providers: [CountedService, GatedService] });

/** A pool of one worker, which is busy until `finish` is called, and a record of the order of tasks. */
async function startHeld() {
  const application = await start();
  const gate = makeGate();
  const record = makeGate(10_000);
  const held = application.mp.run(GatedService, 'hold', [gate.shared]);
  await gate.waitFor(1);
  const note = (id: number, priority = 0) =>
    application.mp.submit(GatedService, 'note', [record.shared, id], { priority });
  const finish = async () => {
    gate.open();
    await held;
    await application.mp.drain();
    return record.record;
  };
  return { ...application, note, finish };
}

describe('the order of tasks', () => {
  it('is by priority, then by submission', async () => {
    const { note, finish } = await startHeld();
    for (const [id, priority] of [0, 5, -3, 5, 0.5, 0, -3].entries()) {
      await note(id, priority);
    }
    await expect(finish()).resolves.toEqual([1, 3, 4, 0, 5, 2, 6]);
  });

  it('is that of a stable sort by priority, for random priorities', async () => {
    const { note, finish } = await startHeld();
    const random = new Random('order');
    const priorities = Array.from({ length: 2_000 }, () => random.below(20) - 10);
    await Promise.all(priorities.map((priority, id) => note(id, priority)));
    const expected = [...priorities.entries()]
      .toSorted(([i, a], [j, b]) => b - a || i - j)
      .map(([id]) => id);
    await expect(finish()).resolves.toEqual(expected);
  });

  it('uses the priority of the handler, else of the module, if the call gives none', async () => {
    const application = await startApplication({
      options: { maxProcesses: 1, defaults: { priority: 3 } },
      providers: [GatedService],
    });
    const { mp } = application;
    const byModule = await mp.submit(GatedService, 'named', ['']);
    const byHandler = await mp.submit(GatedService, 'urgent', []);
    const byCall = await mp.submit(GatedService, 'urgent', [], { priority: -1 });
    expect([byModule, byHandler, byCall].map(({ priority }) => priority)).toEqual([3, 7, -1]);
    await mp.drain();
  });

  it('changes with reprioritise(), and stays by submission within one priority', async () => {
    const { note, finish } = await startHeld();
    const [, , third, fourth] = await Promise.all([0, 1, 2, 3].map((id) => note(id)));
    expect(fourth?.reprioritise(2)).toBe(true);
    expect(third?.reprioritise(2)).toBe(true);
    expect(fourth).toMatchObject({ priority: 2, state: 'queued' });
    await expect(finish()).resolves.toEqual([2, 3, 0, 1]);
    expect(third?.reprioritise(9)).toBe(false);
  });

  it('does not change for a running task, and reprioritise() refuses what is no number', async () => {
    const { mp } = await start();
    const gate = makeGate();
    const running = await mp.submit(GatedService, 'hold', [gate.shared]);
    const waiting = await mp.submit(GatedService, 'hold', [gate.shared]);
    await gate.waitFor(1);
    expect(running.reprioritise(5)).toBe(false);
    for (const bad of [Number.NaN, Infinity, '5', null] as number[]) {
      expect(thrownBy(() => waiting.reprioritise(bad))).toBeInstanceOf(ConfigurationError);
    }
    expect(waiting.priority).toBe(0);
    gate.open();
    await mp.drain();
  });
});

describe('100,000 tiny tasks that are submitted at once', () => {
  it('all settle in order, and their memory is freed', async () => {
    const count = 100_000;
    const { mp, get } = await start();
    const service = get(CountedService);
    const run = async () => {
      const census = new Census();
      let settledInOrder = 0;
      const tasks = Array.from({ length: count }, async (_, number) => {
        const result = await service.inTurn(census.shared, number);
        settledInOrder += result === number && settledInOrder === number ? 1 : 0;
      });
      await Promise.all(tasks);
      expect(settledInOrder).toBe(count);
      expect(census.outOfOrder).toBe(0);
    };
    // The first run fills what the pool keeps on purpose: the last settled tasks, and compiled code.
    await run();
    const before = await heapInUse();
    await run();
    const grown = (await heapInUse()) - before;
    expect(grown).toBeLessThan(4 * 2 ** 20);
    expect(mp.stats()).toMatchObject({ completed: 2 * count, failed: 0, waiting: 0 });
  });
});

describe('prefetched tasks', () => {
  /** Runs the handler until it counts as short. */
  async function warmUp(maxProcesses: number) {
    const application = await start(maxProcesses);
    const warm = makeGate(2_000);
    const runs = Array.from({ length: 2_000 }, () =>
      application.mp.run(GatedService, 'noteOrHold', [warm.shared, 0]),
    );
    await Promise.all(runs);
    const record = makeGate();
    const gate = makeGate();
    return {
      ...application,
      record,
      gate,
      send: (id: number, hold = false, priority = 0) =>
        application.mp.run(
          GatedService,
          'noteOrHold',
          [record.shared, id, hold ? gate.shared : undefined],
          { priority },
        ),
    };
  }

  it('are overtaken by a more urgent task', async () => {
    const { gate, record, send } = await warmUp(1);
    const held = send(0, true);
    const ahead = [1, 2, 3].map((id) => send(id));
    await gate.waitFor(1);
    const urgent = [send(4, false, 1), send(5, false, 2)];
    gate.open();
    await Promise.all([held, ...ahead, ...urgent]);
    expect(record.record).toEqual([0, 5, 4, 1, 2, 3]);
  });

  it('move to another worker if the task before them takes unexpectedly long', async () => {
    const { gate, record, send, mp } = await warmUp(2);
    // The first task blocks one worker, and some of the others are behind it.
    const first = send(0, true);
    const rest = Array.from({ length: 50 }, (_, id) => send(id + 1));
    const threads = new Set(await Promise.all(rest));
    expect(record.record.toSorted((a, b) => a - b)).toEqual([...Array(51).keys()]);
    await until('only the held attempt runs', () => mp.stats().running === 1);
    expect(mp.stats().waiting).toBe(0);
    gate.open();
    expect(threads).not.toContain(await first);
    expect(threads.size).toBe(1);
  });

  it('can be cancelled and reprioritised like tasks in the queue', async () => {
    const { gate, record, mp } = await warmUp(1);
    const submit = (id: number, ...hold: [SharedArrayBuffer?]) =>
      mp.submit(GatedService, 'noteOrHold', [record.shared, id, ...hold]);
    const held = await submit(0, gate.shared);
    const tasks = await Promise.all([1, 2, 3].map((id) => submit(id)));
    await gate.waitFor(1);
    expect(tasks.map(({ state, attempt }) => [state, attempt])).toEqual([
      ['queued', expect.any(Number)],
      ['queued', expect.any(Number)],
      ['queued', expect.any(Number)],
    ]);
    expect(tasks[0]?.cancel()).toBe(true);
    expect(tasks[2]?.reprioritise(1)).toBe(true);
    gate.open();
    await held.result;
    await mp.drain();
    expect(record.record).toEqual([0, 3, 2]);
  });
});
