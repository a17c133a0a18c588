import { describe, expect, it } from 'vitest';
import { ConfigurationError } from 'nestjs-asyncermp';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { thrownBy, until } from './support/outcomes.js';

const start = (maxProcesses = 1) =>
  startApplication({ options: { maxProcesses }, providers: [GatedService] });

describe('pause()', () => {
  it('lets running tasks finish, and starts none until resume()', async () => {
    const { mp } = await start();
    const gate = makeGate();
    const running = mp.run(GatedService, 'hold', [gate.shared, 1]);
    await gate.waitFor(1);
    const waiting = [2, 3].map((id) => mp.run(GatedService, 'note', [gate.shared, id]));
    await mp.pause();
    gate.open();
    await expect(running).resolves.toBe(1);
    const later = await mp.submit(GatedService, 'note', [gate.shared, 4]);
    await until('the worker is free', () => mp.stats().running === 0);
    expect(mp.stats()).toMatchObject({ paused: true, running: 0, waiting: 3, completed: 1 });
    expect(later.state).toBe('queued');
    expect(gate.record).toEqual([1]);
    await mp.resume();
    await Promise.all([...waiting, later.result]);
    expect(gate.record).toEqual([1, 2, 3, 4]);
    expect(mp.stats().paused).toBe(false);
  });

  it('holds back prefetched tasks that have not begun', async () => {
    const { mp } = await start();
    const gate = makeGate();
    const record = makeGate();
    // After these runs the handler counts as short, and its tasks are prefetched.
    for (let id = 0; id < 20; id++) {
      await mp.run(GatedService, 'noteOrHold', [record.shared, -1]);
    }
    const running = mp.run(GatedService, 'noteOrHold', [record.shared, 0, gate.shared]);
    const ahead = [1, 2, 3].map((id) => mp.run(GatedService, 'noteOrHold', [record.shared, id]));
    await gate.waitFor(1);
    await mp.pause();
    gate.open();
    await running;
    await until('the worker is free', () => mp.stats().running === 0);
    expect(record.record.at(-1)).toBe(0);
    expect(mp.stats().waiting).toBe(3);
    await mp.resume();
    await Promise.all(ahead);
    expect(record.record.slice(-4)).toEqual([0, 1, 2, 3]);
  });

  it('holds back a task that was sent to an idle worker and has not begun', async () => {
    const { mp } = await start();
    const gate = makeGate();
    const record = makeGate();
    await mp.run(GatedService, 'leaveBlocked', [gate.shared]);
    await gate.waitFor(1);
    const task = await mp.submit(GatedService, 'note', [record.shared, 1]);
    await mp.pause();
    gate.open();
    await until(
      'the worker gave the task back or ran it',
      () => task.state === 'completed' || mp.stats().running === 0,
    );
    expect(record.record).toEqual([]);
    await mp.resume();
    await task.result;
  });

  it('does not prevent cancelling a queued task', async () => {
    const { mp } = await start();
    const gate = makeGate();
    await mp.pause();
    const task = await mp.submit(GatedService, 'note', [gate.shared, 1]);
    expect(task.cancel()).toBe(true);
    await mp.drain();
    expect(task.state).toBe('cancelled');
  });
});

describe('resize()', () => {
  it('to a higher bound starts more workers for queued tasks', async () => {
    const { mp } = await start(1);
    const gate = makeGate();
    const tasks = [1, 2, 3].map((id) => mp.run(GatedService, 'hold', [gate.shared, id]));
    await gate.waitFor(1);
    mp.resize(3);
    await gate.waitFor(3);
    expect(mp.stats()).toMatchObject({ maxProcesses: 3, running: 3, waiting: 0 });
    gate.open();
    await expect(Promise.all(tasks)).resolves.toEqual([1, 2, 3]);
  });

  it('to a lower bound lets running attempts finish, and starts no others in their place', async () => {
    const { mp } = await start(3);
    const gates = [makeGate(), makeGate(), makeGate()] as const;
    const running = gates.map(({ shared }, id) => mp.run(GatedService, 'hold', [shared, id]));
    await Promise.all(gates.map((gate) => gate.waitFor(1)));
    const last = makeGate();
    const waiting = mp.run(GatedService, 'hold', [last.shared, 9]);
    mp.resize(1);
    gates[0].open();
    gates[1].open();
    await Promise.all(running.slice(0, 2));
    await until('one worker is busy', () => mp.stats().workers.busy === 1);
    expect(mp.stats()).toMatchObject({ running: 1, waiting: 1, maxProcesses: 1 });
    expect(last.entered).toBe(0);
    gates[2].open();
    await last.waitFor(1);
    last.open();
    await expect(waiting).resolves.toBe(9);
    await until('one worker is idle', () => mp.stats().workers.idle === 1);
    expect(mp.stats().workers).toMatchObject({ starting: 0, idle: 1, busy: 0 });
  });

  it('refuses everything but whole numbers from 1', async () => {
    const { mp } = await start(2);
    for (const bad of [0, -1, 1.5, Number.NaN, '4', null, Infinity] as number[]) {
      const error = thrownBy(() => mp.resize(bad));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(`a whole number from 1, and got ${bad}`);
    }
    expect(mp.stats().maxProcesses).toBe(2);
  });
});
