import { describe, expect, it } from 'vitest';
import { DuplicateTaskError } from 'nestjs-asyncermp';
import { CalcService, AdderService, SquareService } from './.fixtures/calc.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

const providers = [GatedService, CalcService, AdderService, SquareService];

describe('a uid that is queued or running', () => {
  it('is refused with DuplicateTaskError', async () => {
    const { mp } = await startApplication({ providers });
    const gate = makeGate();
    const running = mp.run(GatedService, 'hold', [gate.shared, 1], { uid: 'running' });
    await gate.waitFor(1);
    const queued = mp.run(GatedService, 'hold', [gate.shared, 2], { uid: 'queued' });
    for (const uid of ['running', 'queued']) {
      const error = await rejectionOf(mp.submit(GatedService, 'hold', [gate.shared, 3], { uid }));
      expect(error).toBeInstanceOf(DuplicateTaskError);
      expect(error).toMatchObject({
        code: 'ASYNCERMP_DUPLICATE',
        uid,
        handler: 'GatedService.hold',
      });
      await expect(mp.run(CalcService, 'square', [3], { uid })).rejects.toThrow(uid);
    }
    expect(mp.stats().accepted).toBe(2);
    gate.open();
    await expect(Promise.all([running, queued])).resolves.toEqual([1, 2]);
    expect(gate.record).toEqual([1, 2]);
  });

  it("is joined with onDuplicate: 'join': the task runs once, and all callers get its outcome", async () => {
    const { mp } = await startApplication({ providers });
    const gate = makeGate();
    const first = await mp.submit(GatedService, 'hold', [gate.shared, 1], { uid: 'a' });
    const join = { uid: 'a', onDuplicate: 'join' } as const;
    const second = await mp.submit(GatedService, 'hold', [gate.shared, 2], join);
    const third = mp.run(GatedService, 'hold', [gate.shared, 3], join);
    await gate.waitFor(1);
    expect(second).toMatchObject({ uid: 'a', state: 'running' });
    gate.open();
    await expect(Promise.all([first.result, second.result, third])).resolves.toEqual([1, 1, 1]);
    expect(gate.record).toEqual([1]);
    expect(mp.stats()).toMatchObject({ accepted: 1, completed: 1 });
  });

  it("is joined by every submission if the defaults of the module say onDuplicate: 'join'", async () => {
    const options = { maxProcesses: 1, defaults: { onDuplicate: 'join' } } as const;
    const { mp } = await startApplication({ options, providers });
    const gate = makeGate();
    const both = [1, 2].map((id) => mp.run(GatedService, 'hold', [gate.shared, id], { uid: 'a' }));
    gate.open();
    await expect(Promise.all(both)).resolves.toEqual([1, 1]);
    await expect(
      mp.run(GatedService, 'hold', [gate.shared, 3], { uid: 'a', onDuplicate: 'reject' }),
    ).resolves.toBe(3);
  });

  it('is not joined by a task of another handler', async () => {
    const { mp } = await startApplication({ providers });
    const gate = makeGate();
    const first = mp.run(GatedService, 'hold', [gate.shared, 1], { uid: 'a' });
    const other = mp.run(CalcService, 'square', [3], { uid: 'a', onDuplicate: 'join' });
    await expect(other).rejects.toBeInstanceOf(DuplicateTaskError);
    gate.open();
    await first;
  });

  it('may be used again once its task has settled', async () => {
    const { mp } = await startApplication({ providers });
    for (const n of [1, 2, 3]) {
      await expect(mp.run(CalcService, 'square', [n], { uid: 'again' })).resolves.toBe(n * n);
    }
  });
});
