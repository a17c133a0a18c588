import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/engine/fair-queue.js';
import { NaiveFairQueue } from './naive-fair-queue.js';
import { TestNode } from './test-node.js';

const priority = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, -1) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
);
const pick = fc.nat();
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      priority,
      key: fc.constantFrom(undefined, undefined, 'a', 'b', 'c'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('remove', 'restore', 'retry' as const), pick }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reprioritise' as const), pick, priority }),
  },
);

function oneOf(list: readonly TestNode[], index: number): TestNode | undefined {
  return list[index % list.length];
}

describe('FairQueue under random operations', () => {
  it('behaves as a naive queue of sorted arrays', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), (operations) => {
        const queue = new FairQueue<TestNode>();
        const naive = new NaiveFairQueue<TestNode>();
        const all: TestNode[] = [];
        for (const step of operations) {
          switch (step.kind) {
            case 'push': {
              const node = new TestNode(all.length, step.priority, step.key);
              all.push(node);
              queue.push(node);
              naive.push(node);
              break;
            }
            case 'take':
              expect(queue.take()).toBe(naive.take());
              break;
            case 'remove': {
              const node = oneOf(all, step.pick);
              if (node) {
                expect(queue.remove(node)).toBe(naive.remove(node));
              }
              break;
            }
            case 'restore':
            case 'retry': {
              const waiting = naive.nodes;
              const node = oneOf(
                all.filter((candidate) => !waiting.includes(candidate)),
                step.pick,
              );
              if (node === undefined) {
                break;
              }
              if (step.kind === 'restore') {
                queue.restore(node);
                naive.restore(node);
              } else {
                queue.push(node);
                naive.push(node);
              }
              break;
            }
            case 'reprioritise': {
              const node = oneOf(all, step.pick);
              if (node === undefined) {
                break;
              }
              const expected = naive.reprioritise(node, step.priority);
              expect(queue.reprioritise(node, step.priority)).toBe(expected);
              break;
            }
          }
          expect(queue.peek()).toBe(naive.peek());
          expect(queue.size).toBe(naive.nodes.length);
        }
        const waiting = new Set(naive.nodes);
        expect(new Set(queue)).toEqual(waiting);
        for (const node of all) {
          expect(queue.has(node)).toBe(waiting.has(node));
        }
        for (let next = naive.take(); next !== undefined; next = naive.take()) {
          expect(queue.take()).toBe(next);
        }
        expect(queue.take()).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('is a sort by priority and submission if there are no keys', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(priority, priority, fc.boolean())), (tasks) => {
        const queue = new FairQueue<TestNode>();
        const all = tasks.map(([first], seq) => new TestNode(seq, first));
        for (const node of all) {
          queue.push(node);
        }
        for (const [index, [, second, moves]] of tasks.entries()) {
          const node = all[index];
          if (moves && node !== undefined) {
            queue.reprioritise(node, second);
          }
        }
        const sorted = all.toSorted((a, b) => b.priority - a.priority || a.seq - b.seq);
        expect(queue.clear()).toEqual(sorted);
      }),
    );
  });

  it('never takes twice in a row from one key while another key waits', () => {
    const key = fc.constantFrom(undefined, 'a', 'b', 'c', 'd');
    fc.assert(
      fc.property(fc.array(key, { minLength: 2, maxLength: 40 }), (keys) => {
        const queue = new FairQueue<TestNode>();
        for (const [seq, own] of keys.entries()) {
          queue.push(new TestNode(seq, 0, own));
        }
        let previous: TestNode | undefined;
        for (let node = queue.take(); node !== undefined; node = queue.take()) {
          const others = [...queue].some((other) => other.fairnessKey !== previous?.fairnessKey);
          if (previous !== undefined && others) {
            expect(node.fairnessKey).not.toBe(previous.fairnessKey);
          }
          previous = node;
        }
      }),
    );
  });
});
