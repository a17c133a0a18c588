import { describe, expect, it } from 'vitest';
import { Flag } from './.fixtures/fault.flag.js';
import { FaultService } from './.fixtures/fault.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { until } from './support/outcomes.js';

describe('spareProcesses', () => {
  it('keeps a worker ready beside the busy ones, which takes over for one that had to be ended', async () => {
    const { mp, get } = await startApplication({
      options: { maxProcesses: 1, spareProcesses: 1, cancelGrace: 0 },
      providers: [FaultService, GatedService],
    });
    expect(mp.stats().workers).toMatchObject({ idle: 2, busy: 0 });
    const before = new Set([await get(FaultService).thread()]);
    const gate = makeGate();
    const stuck = await mp.submit(GatedService, 'hold', [gate.shared]);
    await gate.waitFor(1);
    await until(() => mp.stats().workers.idle === 1);
    stuck.cancel();
    // The spare one was there before the stuck one was ended: nothing had to start.
    const after = await get(FaultService).thread();
    expect(mp.stats().workers.idle).toBeLessThanOrEqual(1);
    expect(before.has(after)).toBe(false);
    await until(() => mp.stats().workers.idle === 2);
  });

  it('takes over when the stuck one runs nothing any more, not even in native code', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 1, spareProcesses: 1, cancelGrace: 0 },
      providers: [FaultService],
    });
    const paper = new SharedArrayBuffer(32 * 1024 * 1024);
    const started = new Flag();
    const stuck = await mp.submit(FaultService, 'scribble', [paper, started.shared]);
    await started.reached();
    const isStill = mp.run(FaultService, 'isStill', [paper, 2]);
    stuck.cancel();
    expect(await isStill).toBe(true);
  });

  it('starts another one when the spare one is taken, also when nothing waits', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 2, minProcesses: 0, spareProcesses: 1 },
      providers: [GatedService],
    });
    expect(mp.stats().workers).toMatchObject({ starting: 0, idle: 1, busy: 0 });
    const gate = makeGate();
    const held = mp.run(GatedService, 'hold', [gate.shared]);
    await gate.waitFor(1);
    await until(() => mp.stats().workers.idle === 1);
    gate.open();
    await held;
  });

  it('runs no more than maxProcesses attempts all the same', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 2, minProcesses: 2, spareProcesses: 2 },
      providers: [GatedService],
    });
    const gate = makeGate();
    const tasks = Array.from({ length: 6 }, () => mp.run(GatedService, 'hold', [gate.shared]));
    await gate.waitFor(2);
    await until(() => mp.stats().workers.idle === 2);
    expect(mp.stats()).toMatchObject({ running: 2, waiting: 4 });
    expect(gate.entered).toBe(2);
    gate.open();
    await Promise.all(tasks);
  });
});
