import type { AsyncerMpService } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Census, CountedService } from './.fixtures/counted.service.js';
import { makeGate, startApplication } from './support/application.js';
import { until } from './support/outcomes.js';
import { Random } from './support/random.js';

const start = (maxProcesses: number) =>
  startApplication({ options: maxProcesses, providers: [CountedService] });

/** Runs `count` attempts at the same time, so that the peak of the census is no less. */
async function fill(mp: AsyncerMpService, census: Census, count: number): Promise<void> {
  const gate = makeGate();
  const held = Array.from({ length: count }, () =>
    mp.run(CountedService, 'hold', [census.shared, gate.shared]),
  );
  await gate.waitFor(count);
  gate.open();
  await Promise.all(held);
}

/** Waits until every worker is free: it skips prefetched tasks that others have run before that. */
async function atRest(mp: AsyncerMpService): Promise<void> {
  await until('no attempt runs', () => mp.stats().running === 0);
}

/** Submits tasks of random kind and duration, at random priorities. */
function flood(mp: AsyncerMpService, census: Census, random: Random, count: number) {
  return Array.from({ length: count }, () => {
    const options = { priority: random.below(3) };
    switch (random.below(5)) {
      case 0:
      case 1:
        return mp.run(CountedService, 'spin', [census.shared, random.below(600)], options);
      case 2:
        return mp.run(CountedService, 'turns', [census.shared, random.below(8)], options);
      case 3:
        return mp.run(CountedService, 'spin', [census.shared, 0], options);
      default:
        return mp.run(CountedService, 'fail', [census.shared], options).catch(() => {});
    }
  });
}

describe('never more than maxProcesses attempts run at once', () => {
  for (const maxProcesses of [1, 2, 4]) {
    it(`while 5,000 random tasks run and count themselves (maxProcesses: ${maxProcesses})`, async () => {
      const { mp } = await start(maxProcesses);
      const census = new Census();
      census.limit = maxProcesses;
      const random = new Random(`bound of ${maxProcesses}`);
      await fill(mp, census, maxProcesses);
      await Promise.all(flood(mp, census, random, 5_000));
      const begun = 5_000 + maxProcesses;
      expect(census.counts).toEqual({ begun, running: 0, tooMany: 0, peak: maxProcesses });
      await atRest(mp);
      expect(mp.stats()).toMatchObject({ waiting: 0, accepted: begun });
    });
  }

  it('while resize() raises and lowers the bound', async () => {
    const { mp } = await start(2);
    const census = new Census();
    census.limit = 2;
    const random = new Random('bound and resize');
    const tasks = flood(mp, census, random, 4_000);
    while (mp.stats().waiting > 1_000) {
      const bound = 1 + random.below(4);
      const { maxProcesses } = mp.stats();
      // The census must not be stricter than the pool: its limit rises before the bound does, and falls
      // after the attempts above a lower bound have finished.
      if (bound > maxProcesses) {
        census.limit = bound;
      }
      mp.resize(bound);
      if (bound < maxProcesses) {
        await until(`at most ${bound} attempts run`, () => mp.stats().running <= bound);
        census.limit = bound;
      }
      const { begun } = census;
      const last = begun + random.below(300);
      await until(`${last} attempts have begun`, () => census.begun >= last);
    }
    expect(census.tooMany).toBe(0);
    expect(mp.stats().waiting).toBeGreaterThan(0);
    await Promise.all(tasks);
    expect(census.counts).toMatchObject({ begun: 4_000, running: 0, tooMany: 0 });
    await atRest(mp);
    const { maxProcesses, workers } = mp.stats();
    expect(workers.busy).toBe(0);
    expect(workers.idle + workers.starting).toBeLessThanOrEqual(maxProcesses);
  });

  it('soon after resize() lowered the bound, although more tasks wait', async () => {
    const { mp } = await start(4);
    const census = new Census();
    census.limit = 4;
    await fill(mp, census, 4);
    // They soon count as short, and are prefetched to every worker.
    const tasks = Array.from({ length: 40_000 }, () =>
      mp.run(CountedService, 'spin', [census.shared, 0]),
    );
    await until('1,000 attempts have begun', () => census.begun > 1_000);
    mp.resize(1);
    await until('at most one attempt runs', () => mp.stats().running <= 1);
    expect(mp.stats().waiting).toBeGreaterThan(10_000);
    census.limit = 1;
    await Promise.all(tasks);
    expect(census.counts).toMatchObject({ begun: 40_004, tooMany: 0 });
  });
});

describe('never more attempts of a handler than its concurrency run at once', () => {
  it('while other handlers use the rest of the pool', async () => {
    const { mp } = await start(4);
    const [census, single, double] = [new Census(), new Census(), new Census()];
    [census.limit, single.limit, double.limit] = [4, 1, 2];
    const random = new Random('concurrency');
    await fill(mp, census, 4);
    const tasks = Array.from({ length: 3_000 }, () => {
      const micros = random.below(200);
      switch (random.below(3)) {
        case 0:
          return mp.run(CountedService, 'single', [census.shared, micros, single.shared]);
        case 1:
          return mp.run(CountedService, 'double', [census.shared, micros, double.shared]);
        default:
          return mp.run(CountedService, 'spin', [census.shared, micros]);
      }
    });
    await Promise.all(tasks);
    expect(census.counts).toMatchObject({ begun: 3_004, tooMany: 0, peak: 4 });
    expect(single.counts).toMatchObject({ peak: 1, tooMany: 0 });
    expect(double.counts).toMatchObject({ tooMany: 0 });
  });

  it('and tasks of other handlers overtake those that wait for it', async () => {
    const { mp } = await start(2);
    const gate = makeGate();
    const held = [1, 2, 3].map(() =>
      mp.run(CountedService, 'holdSingle', [gate.shared], { priority: 1 }),
    );
    const census = new Census();
    const others = Array.from({ length: 20 }, () =>
      mp.run(CountedService, 'spin', [census.shared, 0]),
    );
    await Promise.all(others);
    expect(mp.stats()).toMatchObject({ completed: 20, running: 1, waiting: 2 });
    expect(gate.entered).toBe(1);
    gate.open();
    await Promise.all(held);
  });
});
