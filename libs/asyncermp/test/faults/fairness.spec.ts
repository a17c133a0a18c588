import { describe, expect, it } from 'vitest';
import { GatedService } from '../.fixtures/gated.service.js';
import { makeGate, startApplication } from '../support/application.js';

const start = () => startApplication({ options: 1, providers: [GatedService] });

describe('fairnessKey', () => {
  it('does not let a tenant with 10,000 tasks starve one with a single task', async () => {
    const { mp } = await start();
    const order = makeGate(10_002);
    await mp.pause();
    const note = (id: number, fairnessKey: string) =>
      mp.run(GatedService, 'note', [order.shared, id], { fairnessKey });
    const many = Array.from({ length: 10_000 }, () => note(0, 'big'));
    const single = note(1, 'small');
    await mp.resume();
    await single;
    expect(order.record.indexOf(1)).toBeLessThanOrEqual(1);
    await Promise.all(many);
  });

  it('takes tasks of the keys in turn, and the tasks of one key in order', async () => {
    const { mp } = await start();
    const order = makeGate();
    await mp.pause();
    const tasks = ['a', 'b', 'c'].flatMap((fairnessKey, key) =>
      Array.from({ length: 3 - key }, (_, index) =>
        mp.run(GatedService, 'note', [order.shared, key * 10 + index], { fairnessKey }),
      ),
    );
    await mp.resume();
    await Promise.all(tasks);
    expect(order.record).toEqual([0, 10, 20, 1, 11, 2]);
  });

  it('takes turns within one priority only: a more urgent task runs first, whatever its key', async () => {
    const { mp } = await start();
    const order = makeGate();
    await mp.pause();
    const note = (id: number, fairnessKey: string, priority: number) =>
      mp.run(GatedService, 'note', [order.shared, id], { fairnessKey, priority });
    const tasks = [
      note(1, 'big', 0),
      note(2, 'big', 0),
      note(3, 'small', 0),
      note(4, 'big', 1),
      note(5, 'big', 1),
    ];
    await mp.resume();
    await Promise.all(tasks);
    expect(order.record).toEqual([4, 5, 1, 3, 2]);
  });
});
