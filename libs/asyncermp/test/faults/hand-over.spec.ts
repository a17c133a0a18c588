import { transfer } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import type { TestApplication } from '../support/application.js';
import { startFaults, teachShort } from './start.js';

/** A task that was sent to a worker, bytes included, which cannot begin it before `open` is raised. */
async function sendBytes({ mp }: TestApplication) {
  const [open, blocked] = [new Flag(), new Flag()];
  await mp.run(FaultService, 'leaveBlocked', [open.shared, blocked.shared]);
  await blocked.reached();
  const bytes = new Uint8Array([1, 2, 3]);
  const task = await mp.submit(FaultService, 'handBack', [transfer(bytes)]);
  expect(bytes.byteLength).toBe(0);
  return { task, open };
}

describe('memory that was transferred with a task', () => {
  it('is not lost when the pool pauses or a more urgent task comes before the task has begun', async () => {
    const application = await startFaults();
    const { mp } = application;
    await teachShort(application);
    const { task, open } = await sendBytes(application);
    // The pause revokes these: they are on the same worker.
    const behind = [1, 2, 3].map(() => mp.run(FaultService, 'thread', []));
    const urgent = mp.run(FaultService, 'thread', [], { priority: 9 });
    void mp.pause();
    void mp.resume();
    open.raise();
    await expect(task.result).resolves.toEqual(new Uint8Array([1, 2, 3]));
    await Promise.all([...behind, urgent]);
  });

  it('is not lost by reprioritise(), which returns false once the memory is sent', async () => {
    const application = await startFaults();
    const { task, open } = await sendBytes(application);
    expect(task.state).toBe('queued');
    expect(task.reprioritise(5)).toBe(false);
    open.raise();
    await expect(task.result).resolves.toEqual(new Uint8Array([1, 2, 3]));
  });

  it('is moved only for the last attempt, and copied for those before', async () => {
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
