import { TaskEvent, type TaskStartedEvent } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from './.fixtures/fault.flag.js';
import { FaultService } from './.fixtures/fault.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { until } from './support/outcomes.js';

describe('spareProcesses', () => {
  it('keeps a worker ready beside the busy ones, which replaces a terminated one at once', async () => {
    const { mp, get, next } = await startApplication({
      options: { maxProcesses: 1, spareProcesses: 1, cancelGrace: 0 },
      providers: [FaultService, GatedService],
    });
    expect(mp.stats().workers).toMatchObject({ idle: 2, busy: 0 });
    const gate = makeGate();
    const stuckOn = next<TaskStartedEvent>(TaskEvent.Started);
    const stuck = await mp.submit(GatedService, 'hold', [gate.shared]);
    const { worker } = await stuckOn;
    expect(mp.stats().workers.idle).toBe(1);
    const servedBy = next<TaskStartedEvent>(TaskEvent.Started);
    stuck.cancel();
    await get(FaultService).thread();
    // One of the two that were there from the beginning: no third one had to start.
    expect([worker, (await servedBy).worker].toSorted((a, b) => a - b)).toEqual([1, 2]);
    await until('two workers are idle', () => mp.stats().workers.idle === 2);
  });

  it('gives the next task to the spare worker only after the stuck one ended, native code included', async () => {
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

  it('starts another spare worker when one is used, even if no task waits', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 2, minProcesses: 0, spareProcesses: 1 },
      providers: [GatedService],
    });
    expect(mp.stats().workers).toMatchObject({ starting: 0, idle: 1, busy: 0 });
    const gate = makeGate();
    const held = mp.run(GatedService, 'hold', [gate.shared]);
    await gate.waitFor(1);
    await until('the spare worker is idle', () => mp.stats().workers.idle === 1);
    gate.open();
    await held;
  });

  it('does not raise the number of attempts above maxProcesses', async () => {
    const { mp } = await startApplication({
      options: { maxProcesses: 2, minProcesses: 2, spareProcesses: 2 },
      providers: [GatedService],
    });
    const gate = makeGate();
    const tasks = Array.from({ length: 6 }, () => mp.run(GatedService, 'hold', [gate.shared]));
    await gate.waitFor(2);
    await until('two workers are idle', () => mp.stats().workers.idle === 2);
    expect(mp.stats()).toMatchObject({ running: 2, waiting: 4 });
    expect(gate.entered).toBe(2);
    gate.open();
    await Promise.all(tasks);
  });
});
