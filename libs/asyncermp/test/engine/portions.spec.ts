import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { YieldingQueue } from '../../src/engine/settle.js';

function fill(portions: YieldingQueue<number>, from: number, to: number): void {
  for (let item = from; item < to; item++) {
    portions.add(item);
  }
}

describe('Portions', () => {
  it('does the first ones at once, and the others in later turns, all in their order', async () => {
    const done: number[] = [];
    const portions = new YieldingQueue<number>(3, (item) => done.push(item));
    fill(portions, 0, 8);
    expect(done).toEqual([0, 1, 2]);
    await nextTurn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
    await nextTurn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('lets nothing overtake what waits', async () => {
    const done: number[] = [];
    const portions = new YieldingQueue<number>(2, (item) => done.push(item));
    fill(portions, 0, 3);
    await nextTurn();
    // There is room in this turn, but not for more than one.
    fill(portions, 3, 5);
    expect(done).toEqual([0, 1, 2, 3]);
    await nextTurn();
    expect(done).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes what is added by its own work', async () => {
    const done: number[] = [];
    const portions: YieldingQueue<number> = new YieldingQueue(2, (item) => {
      done.push(item);
      if (item < 3) {
        portions.add(item + 10);
      }
    });
    fill(portions, 0, 3);
    await portions.done();
    expect(done).toEqual([0, 10, 1, 2, 11, 12]);
  });

  it('does so many in each turn, and again at once when there was a turn without any', async () => {
    const done: number[] = [];
    const portions = new YieldingQueue<number>(2, (item) => done.push(item));
    fill(portions, 0, 2);
    await nextTurn();
    await nextTurn();
    fill(portions, 2, 4);
    expect(done).toEqual([0, 1, 2, 3]);
  });

  it('tells when nothing waits any more', async () => {
    const done: number[] = [];
    const portions = new YieldingQueue<number>(2, (item) => done.push(item));
    await portions.done();
    fill(portions, 0, 5);
    await portions.done();
    expect(done).toHaveLength(5);
  });
});
