import { transfer } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import type { TestApplication } from '../support/application.js';
import { startFaults, teachShort } from './start.js';

/** A task whose bytes are with a worker that cannot begin it before `open` is raised. */
async function sendBytes({ mp }: TestApplication) {
  const [open, blocked] = [new Flag(), new Flag()];
  await mp.run(FaultService, 'leaveBlocked', [open.shared, blocked.shared]);
  await blocked.reached();
  const bytes = new Uint8Array([1, 2, 3]);
  const task = await mp.submit(FaultService, 'handBack', [transfer(bytes)]);
  expect(bytes.byteLength).toBe(0);
  return { task, open };
}

describe('what was handed over with a task is not lost', () => {
  it('in a pause, or when something more urgent comes, before the task has begun', async () => {
    const application = await startFaults();
    const { mp } = application;
    await teachShort(application);
    const { task, open } = await sendBytes(application);
    // Behind it, so that there is something to be taken back.
    const behind = [1, 2, 3].map(() => mp.run(FaultService, 'thread', []));
    const urgent = mp.run(FaultService, 'thread', [], { priority: 9 });
    void mp.pause();
    void mp.resume();
    open.raise();
    await expect(task.result).resolves.toEqual(new Uint8Array([1, 2, 3]));
    await Promise.all([...behind, urgent]);
  });

  it('when its priority is to be changed, which then comes too late', async () => {
    const application = await startFaults();
    const { task, open } = await sendBytes(application);
    expect(task.state).toBe('queued');
    expect(task.reprioritise(5)).toBe(false);
    open.raise();
    await expect(task.result).resolves.toEqual(new Uint8Array([1, 2, 3]));
  });

  it('to an attempt that is followed by another one: only the last one gets the memory', async () => {
    const { mp } = await startFaults();
    const calls = new Flag();
    const bytes = new Uint8Array([1, 2, 3]);
    const back = mp.run(FaultService, 'handBackAt', [2, calls.shared, transfer(bytes)], {
      attempts: 2,
    });
    await expect(back).resolves.toEqual(new Uint8Array([1, 2, 3]));
    expect(bytes.byteLength).toBe(0);
  });
});
