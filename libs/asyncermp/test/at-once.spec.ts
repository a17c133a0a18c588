import { describe, expect, it } from 'vitest';
import { GatedService } from './.fixtures/gated.service.js';
import { makeGate, startApplication } from './support/application.js';
import { blockUntil } from './support/blocking.js';

describe('a task', () => {
  it('starts on an idle worker although its caller blocks the event loop', async () => {
    const { get } = await startApplication({ providers: [GatedService] });
    const gate = makeGate();
    const outcome = get(GatedService).hold(gate.shared);
    expect(blockUntil(() => gate.entered === 1)).toBe(true);
    gate.open();
    await outcome;
  });

  it('starts before the code that awaited the previous task continues', async () => {
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
