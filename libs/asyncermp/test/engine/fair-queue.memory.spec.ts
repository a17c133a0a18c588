import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/engine/fair-queue.js';
import { collectGarbage, heapGrowth } from '../support/garbage.js';
import { TestNode } from './test-node.js';

const COUNT = 100_000;
// A bucket or a FIFO for each of them would hold more than 10 MB.
const NOISE_BYTES = 2_000_000;

describe('a FairQueue that lives long', () => {
  it.each(['taken', 'removed', 're-prioritised'])(
    'frees the memory of priorities whose tasks are %s',
    async (how) => {
      const queue = new FairQueue<TestNode>();
      const growth = await heapGrowth(() => {
        const waiting: TestNode[] = [];
        for (let seq = 0; seq < COUNT; seq += 1) {
          const node = new TestNode(seq, -1e12 - seq / 3);
          queue.push(node);
          waiting.push(node);
        }
        for (const node of waiting) {
          if (how === 'removed') {
            queue.remove(node);
          }
          if (how === 're-prioritised') {
            queue.reprioritise(node, 1);
          }
        }
        queue.clear();
      });
      expect(queue.size).toBe(0);
      expect(growth).toBeLessThan(NOISE_BYTES);
    },
  );

  it.each(['taken', 'removed'])('frees the memory of keys whose tasks are %s', async (how) => {
    const queue = new FairQueue<TestNode>();
    for (const seq of [COUNT, COUNT + 1]) {
      queue.push(new TestNode(seq, 0, 'stays'));
    }
    const growth = await heapGrowth(() => {
      const waiting: TestNode[] = [];
      for (let seq = 0; seq < COUNT; seq += 1) {
        const node = new TestNode(seq, 0, `tenant ${seq}`);
        queue.push(node);
        waiting.push(node);
      }
      for (const node of waiting) {
        if (how === 'removed') {
          queue.remove(node);
        } else {
          queue.take();
        }
      }
    });
    expect(queue.size).toBe(2);
    expect(growth).toBeLessThan(NOISE_BYTES);
  });

  it('does not hold a task that left, nor do its former neighbours', async () => {
    const queue = new FairQueue<TestNode>();
    const gone = passThrough(queue);
    await collectGarbage();
    expect(gone.map((reference) => reference.deref())).toEqual([undefined, undefined]);
    expect(queue.clear().map(({ seq }) => seq)).toEqual([3, 4]);
  });
});

function passThrough(queue: FairQueue<TestNode>): WeakRef<TestNode>[] {
  const all = [1, 2, 3, 4].map((seq) => new TestNode(seq));
  for (const node of all) {
    queue.push(node);
  }
  const gone = all.slice(0, 2);
  for (const node of gone.toReversed()) {
    queue.remove(node);
  }
  return gone.map((node) => new WeakRef(node));
}
