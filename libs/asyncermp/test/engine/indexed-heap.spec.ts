import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexedHeap, type HeapItem } from '../../src/engine/indexed-heap.js';

describe('IndexedHeap', () => {
  it('has the lowest rank first after random additions and removals', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(100));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const heap = new IndexedHeap<HeapItem>();
        let inside: HeapItem[] = [];
        for (const [adds, number] of steps) {
          const leaver = inside[number % inside.length];
          if (adds || leaver === undefined) {
            const item = { rank: number, heapIndex: -1 };
            heap.add(item);
            inside.push(item);
          } else {
            heap.remove(leaver);
            inside = inside.filter((item) => item !== leaver);
            expect(leaver.heapIndex).toBe(-1);
          }
          expect(new Set(heap)).toEqual(new Set(inside));
          const lowest = inside.length === 0 ? undefined : Math.min(...inside.map((i) => i.rank));
          expect(heap.first?.rank).toBe(lowest);
        }
      }),
    );
  });
});
