import { describe, expect, it } from 'vitest';
import { TickingService } from './.fixtures/ticking.service.js';
import { makeGate, startApplication } from './support/application.js';

const start = () => startApplication({ options: 1, providers: [TickingService] });

describe("a worker's own timers", () => {
  it('fire while the worker is idle', async () => {
    const { mp } = await start();
    const ticks = makeGate();
    await mp.run(TickingService, 'tick', [ticks.shared]);
    await ticks.waitFor(ticks.entered + 5);
  });

  it('fire while short tasks follow each other without a pause', async () => {
    const { mp } = await start();
    const ticks = makeGate();
    await mp.run(TickingService, 'tick', [ticks.shared]);
    const last = ticks.entered + 20;
    while (ticks.entered < last) {
      await mp.run(TickingService, 'nothing', []);
    }
  });

  it('fire while 100 short tasks are in flight at a time', async () => {
    const { mp } = await start();
    const ticks = makeGate();
    await mp.run(TickingService, 'tick', [ticks.shared]);
    const last = ticks.entered + 20;
    const oneAfterTheOther = async () => {
      while (ticks.entered < last) {
        await mp.run(TickingService, 'nothing', []);
      }
    };
    await Promise.all(Array.from({ length: 100 }, oneAfterTheOther));
  });
});

describe('the asynchronous context of a task', () => {
  for (const handler of ['enterAs', 'enterLater'] as const) {
    it(`is not seen by the next task of the same worker (${handler})`, async () => {
      const { mp } = await start();
      const contexts: (string | undefined)[] = [];
      for (let task = 0; task < 20; task++) {
        contexts.push(await mp.run(TickingService, handler, [`one by one ${task}`]));
      }
      const many = Array.from({ length: 100 }, (_, task) =>
        mp.run(TickingService, handler, [`together ${task}`]),
      );
      contexts.push(...(await Promise.all(many)));
      expect(new Set(contexts)).toEqual(new Set([undefined]));
    });
  }
});
