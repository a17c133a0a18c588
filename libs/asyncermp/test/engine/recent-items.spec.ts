import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentItems } from '../../src/engine/recent-items.js';

const MB = 2 ** 20;

describe('RecentItems', () => {
  it('keeps the last items up to its capacity and memory, and takes the oldest first', () => {
    const action = fc.oneof(fc.record({ bytes: fc.nat(2 * MB) }), fc.constant('take' as const));
    fc.assert(
      fc.property(fc.nat(5), fc.array(action, { maxLength: 60 }), (capacity, actions) => {
        const dropped: number[] = [];
        const recent = new RecentItems<number>({ count: capacity, megabytes: 3 }, (item) =>
          dropped.push(item),
        );
        let kept: { item: number; bytes: number }[] = [];
        let expectedDrops: number[] = [];
        for (const [item, what] of actions.entries()) {
          if (what === 'take') {
            expect(recent.take()).toBe(kept.shift()?.item);
          } else {
            recent.put(item, what.bytes);
            kept.push({ item, bytes: what.bytes });
            while (kept.length > capacity || sum(kept) > 3 * MB) {
              expectedDrops = [...expectedDrops, ...kept.splice(0, 1).map((one) => one.item)];
            }
          }
          expect(recent.size).toBe(kept.length);
        }
        expect(dropped).toEqual(expectedDrops);
      }),
    );
  });

  it('never keeps an item that is too large alone, and drops no other for it', () => {
    const dropped: string[] = [];
    const recent = new RecentItems<string>({ count: 10, megabytes: 1 }, (item) =>
      dropped.push(item),
    );
    recent.put('small', 1_000);
    recent.put('large', 2 * MB);
    expect(dropped).toEqual(['large']);
    expect(recent.take()).toBe('small');
  });

  it('drops items of the maximum age by itself, the oldest first, and keeps younger ones', async () => {
    const dropped: string[] = [];
    let isOver: () => void = () => {};
    const over = new Promise<void>((resolve) => (isOver = resolve));
    const limits = { count: 10, megabytes: 1, ageMs: 20 };
    const recent: RecentItems<string> = new RecentItems(limits, (item) => {
      dropped.push(item);
      if (item === 'second') {
        // Put in now, so it is younger than the limit, however slow the machine is.
        recent.put('third', 0);
        isOver();
      }
    });
    recent.put('first', 0);
    recent.put('second', 0);
    await over;
    expect(dropped).toEqual(['first', 'second']);
    expect(recent.take()).toBe('third');
  });
});

function sum(items: readonly { readonly bytes: number }[]): number {
  return items.reduce((total, { bytes }) => total + bytes, 0);
}
