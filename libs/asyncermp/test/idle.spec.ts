import { describe, expect, it } from 'vitest';
import { CounterService, HookedService } from './.fixtures/hosted.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication, type TestApplication } from './support/application.js';
import { until } from './support/outcomes.js';

const providers = [CounterService, HookedService, GatedService];

/** Runs a task on each of the workers. Their shutdown hooks will report to `end`. */
async function fill({ mp }: TestApplication, count: number) {
  const hold = makeGate();
  const end = makeGate();
  const threads = Array.from({ length: count }, () =>
    mp.run(HookedService, 'holdAndReportEnd', [hold.shared, end.shared]),
  );
  await hold.waitFor(count);
  hold.open();
  return { threads: await Promise.all(threads), end };
}

describe('idle workers', () => {
  it('are closed after idleTimeout, down to minProcesses, and new ones start when needed', async () => {
    const application = await startApplication({
      options: { maxProcesses: 3, minProcesses: 1, idleTimeout: 100 },
      providers,
    });
    const { mp } = application;
    const { threads, end } = await fill(application, 3);
    expect(new Set(threads).size).toBe(3);
    await end.waitFor(2);
    expect(mp.stats().workers).toMatchObject({ starting: 0, idle: 1, busy: 0 });
    const { threads: again } = await fill(application, 3);
    expect(new Set([...threads, ...again]).size).toBe(5);
    expect(end.entered).toBe(2);
  });

  it('run the shutdown hooks of their providers before they end', async () => {
    const application = await startApplication({
      options: { maxProcesses: 1, minProcesses: 0, idleTimeout: 0 },
      providers,
    });
    const { end } = await fill(application, 1);
    await end.waitFor(1);
    expect(end.record).toEqual([1, 2]);
  });

  it('are all closed if minProcesses is 0, and the next task starts a new one', async () => {
    const application = await startApplication({
      options: { maxProcesses: 2, minProcesses: 0, idleTimeout: 1, verify: false },
      providers,
    });
    const { mp } = application;
    const none = { starting: 0, idle: 0, busy: 0, ending: 0 };
    expect(mp.stats().workers).toEqual(none);
    const seen = new Set<number>();
    for (let round = 1; round <= 3; round++) {
      const { threads, end } = await fill(application, 2);
      threads.forEach((thread) => seen.add(thread));
      await end.waitFor(2);
      await until('no worker is there', () => mp.stats().workers.ending === 0);
      expect(mp.stats().workers).toEqual(none);
      expect(seen.size).toBe(2 * round);
    }
    expect(mp.stats()).toMatchObject({ completed: 6, failed: 0 });
  });

  it('are closed while a worker whose task waits stays', async () => {
    const application = await startApplication({
      options: { maxProcesses: 2, minProcesses: 0, idleTimeout: 1 },
      providers,
    });
    const { mp } = application;
    const gate = makeGate();
    const long = mp.run(GatedService, 'linger', [gate.shared, 1]);
    await gate.waitFor(1);
    const thread = await mp.run(HookedService, 'reportEnd', [gate.shared]);
    expect(thread).toBeTypeOf('number');
    // The other worker has started and ended meanwhile.
    await gate.waitFor(2);
    expect(mp.stats()).toMatchObject({ running: 1, workers: { idle: 0, busy: 1 } });
    gate.open();
    await expect(long).resolves.toBe(1);
  });

  it('are never closed if idleTimeout is Infinity', async () => {
    const application = await startApplication({
      options: { maxProcesses: 2, idleTimeout: Infinity },
      providers,
    });
    const { threads } = await fill(application, 2);
    const { threads: again } = await fill(application, 2);
    expect(new Set([...threads, ...again]).size).toBe(2);
  });
});
