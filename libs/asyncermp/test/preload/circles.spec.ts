import { array, assert, dictionary, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { circlesOf } from '../../src/preload/circles.js';

type Graph = Readonly<Record<string, readonly string[]>>;

function circlesIn(graph: Graph): string[][] {
  const circles = circlesOf(Object.keys(graph), (node) => graph[node] ?? []);
  const groups: string[][] = [];
  for (const [node, circle] of circles) {
    (groups[circle] ??= []).push(node);
  }
  return groups.map((group) => group.toSorted());
}

/** Where one comes to from a node, by whatever way. */
function reach(graph: Graph, from: string): Set<string> {
  const seen = new Set<string>();
  const visit = (node: string): void => {
    for (const next of graph[node] ?? []) {
      if (!seen.has(next)) {
        seen.add(next);
        visit(next);
      }
    }
  };
  visit(from);
  return seen;
}

describe('circlesOf', () => {
  it('finds what comes back to itself by way of others, and what only leads there or comes from there', () => {
    const graph = {
      a: ['b'],
      b: ['c', 'e'],
      c: ['d', 'b'],
      d: ['b'],
      e: ['f'],
      f: ['e', 'f'],
      g: [],
    };
    expect(circlesIn(graph)).toEqual([
      ['e', 'f'],
      ['b', 'c', 'd'],
    ]);
  });

  it('takes one that imports itself for no circle', () => {
    expect(circlesIn({ a: ['a'] })).toEqual([]);
  });

  it('puts any two together that lead to each other, and no others', () => {
    const node = integer({ min: 0, max: 7 }).map(String);
    const graphs = dictionary(node, array(node, { maxLength: 3 }));
    assert(
      property(graphs, (graph) => {
        const circles = circlesOf(Object.keys(graph), (from) => graph[from] ?? []);
        for (const a of Object.keys(graph)) {
          for (const b of Object.keys(graph)) {
            if (a === b) {
              continue;
            }
            const together = circles.get(a) !== undefined && circles.get(a) === circles.get(b);
            expect(together).toBe(reach(graph, a).has(b) && reach(graph, b).has(a));
          }
        }
      }),
    );
  });
});
