import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { YieldingQueue } from '../../src/engine/settle.js';

function fill(queue: YieldingQueue<number>, from: number, to: number): void {
  for (let item = from; item < to; item++) {
    queue.add(item);
  }
}

describe('YieldingQueue', () => {
  it('handles the first items at once and the others in later turns, all in their order', async () => {
    const done: number[] = [];
    const queue = new YieldingQueue<number>(3, (item) => done.push(item));
    fill(queue, 0, 8);
    expect(done).toEqual([0, 1, 2]);
    await nextTurn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
    await nextTurn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('lets no item overtake a waiting one', async () => {
    const done: number[] = [];
    const queue = new YieldingQueue<number>(2, (item) => done.push(item));
    fill(queue, 0, 3);
    await nextTurn();
    // This turn has room for one item only.
    fill(queue, 3, 5);
    expect(done).toEqual([0, 1, 2, 3]);
    await nextTurn();
    expect(done).toEqual([0, 1, 2, 3, 4]);
  });

  it('handles items that are added while it works', async () => {
    const done: number[] = [];
    const queue: YieldingQueue<number> = new YieldingQueue(2, (item) => {
      done.push(item);
      if (item < 3) {
        queue.add(item + 10);
      }
    });
    fill(queue, 0, 3);
    await queue.done();
    expect(done).toEqual([0, 10, 1, 2, 11, 12]);
  });

  it('handles items at once again after a turn without any', async () => {
    const done: number[] = [];
    const queue = new YieldingQueue<number>(2, (item) => done.push(item));
    fill(queue, 0, 2);
    await nextTurn();
    await nextTurn();
    fill(queue, 2, 4);
    expect(done).toEqual([0, 1, 2, 3]);
  });

  it('done() resolves when no item waits', async () => {
    const done: number[] = [];
    const queue = new YieldingQueue<number>(2, (item) => done.push(item));
    await queue.done();
    fill(queue, 0, 5);
    await queue.done();
    expect(done).toHaveLength(5);
  });
});
