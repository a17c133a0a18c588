import { describe, expect, it } from 'vitest';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';

const LIMIT_MS = 10_000;

/** Waits without letting go of the event loop. */
function blockUntil(holds: () => boolean): boolean {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const end = performance.now() + LIMIT_MS;
  while (!holds() && performance.now() < end) {
    Atomics.wait(sleeper, 0, 0, 1);
  }
  return holds();
}

describe('a task', () => {
  it('starts where a worker is idle though its caller keeps the event loop to itself', async () => {
    const { get } = await startApplication({ providers: [GatedService] });
    const gate = makeGate();
    const outcome = get(GatedService).hold(gate.shared);
    expect(blockUntil(() => gate.entered === 1)).toBe(true);
    gate.open();
    await outcome;
  });

  it('starts before the code goes on that awaited the one before', async () => {
    const { get } = await startApplication({ providers: [GatedService] });
    const [before, after] = [makeGate(), makeGate()];
    const first = get(GatedService).hold(before.shared);
    const second = get(GatedService).hold(after.shared);
    const started = first.then(() => blockUntil(() => after.entered === 1));
    before.open();
    expect(await started).toBe(true);
    after.open();
    await second;
  });
});
