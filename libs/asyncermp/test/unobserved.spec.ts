import { describe, expect, it } from 'vitest';
import { TaskEvent } from 'nestjs-asyncermp';
import { FailingService } from './.fixtures/failing.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { rejectionOf, turns } from './support/outcomes.js';
import { collectUnhandled } from './support/unhandled.js';

describe('a failure that no caller awaits', () => {
  it('causes no unhandled rejection after submit(), whether or not result was read', async () => {
    const { mp, record } = await startApplication({ providers: [FailingService] });
    const events = record();
    const unhandled = await collectUnhandled(async () => {
      await mp.submit(FailingService, 'type', []);
      const looked = await mp.submit(FailingService, 'type', []);
      void looked.result;
      const got = await mp.submit(FailingService, 'type', [], { uid: 'got' });
      void mp.get('got')?.result;
      await mp.drain();
      void got.result;
      await turns(20);
    });
    expect(unhandled).toEqual([]);
    expect(events.filter(({ name }) => name === TaskEvent.Failed)).toHaveLength(3);
  });

  it('causes no unhandled rejection if its task was cancelled', async () => {
    const { mp } = await startApplication({ providers: [GatedService] });
    const gate = makeGate();
    const unhandled = await collectUnhandled(async () => {
      const running = mp.run(GatedService, 'linger', [gate.shared]);
      await gate.waitFor(1);
      const task = await mp.submit(GatedService, 'linger', [gate.shared]);
      void task.result;
      task.cancel();
      gate.open();
      await running;
      await turns(20);
    });
    expect(unhandled).toEqual([]);
  });

  it('still rejects the result when it is awaited later', async () => {
    const { mp } = await startApplication({ providers: [FailingService] });
    const unhandled = await collectUnhandled(async () => {
      const task = await mp.submit(FailingService, 'type', []);
      await mp.drain();
      await turns(20);
      expect(await rejectionOf(task.result)).toBeInstanceOf(TypeError);
      expect(await rejectionOf(task.result)).toBeInstanceOf(TypeError);
    });
    expect(unhandled).toEqual([]);
  });

  it('is an unhandled rejection after a plain call or run()', async () => {
    const { mp, get } = await startApplication({ providers: [FailingService] });
    const unhandled = await collectUnhandled(async () => {
      void get(FailingService).type();
      void mp.run(FailingService, 'type', []);
      await mp.drain();
      await turns(20);
    });
    expect(unhandled).toHaveLength(2);
    expect(unhandled.every((reason) => reason instanceof TypeError)).toBe(true);
  });
});
