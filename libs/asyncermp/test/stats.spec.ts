import { describe, expect, it } from 'vitest';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';

const start = (maxProcesses = 1) =>
  startApplication({ options: { maxProcesses }, providers: [GatedService] });

describe('stats()', () => {
  it('counts waiting, running, completed, failed and cancelled tasks', async () => {
    const { mp } = await start(2);
    const gate = makeGate();
    const tasks = await Promise.all(
      [1, 2, 3, 4, 5].map((id) => mp.submit(GatedService, 'hold', [gate.shared, id])),
    );
    await gate.waitFor(2);
    expect(mp.stats()).toMatchObject({
      maxProcesses: 2,
      waiting: 3,
      running: 2,
      retrying: 0,
      admitting: 0,
      accepted: 5,
      completed: 0,
      workers: { starting: 0, idle: 0, busy: 2, ending: 0 },
      paused: false,
    });
    tasks.at(-1)?.cancel();
    gate.open();
    await mp.drain();
    expect(mp.stats()).toMatchObject({
      waiting: 0,
      running: 0,
      completed: 4,
      failed: 0,
      cancelled: 1,
      workers: { starting: 0, idle: 2, busy: 0, ending: 0 },
    });
  });
});

describe('drain()', () => {
  it('resolves when no task is in flight, and at once if there was none', async () => {
    const { mp } = await start();
    await mp.drain();
    const gate = makeGate();
    const tasks = [1, 2, 3].map((id) => mp.run(GatedService, 'hold', [gate.shared, id]));
    let drained = false;
    const draining = mp.drain().then(() => (drained = true));
    await gate.waitFor(1);
    expect(drained).toBe(false);
    gate.open();
    await draining;
    expect(mp.stats()).toMatchObject({ waiting: 0, running: 0, completed: 3 });
    await expect(Promise.all(tasks)).resolves.toEqual([1, 2, 3]);
  });
});
