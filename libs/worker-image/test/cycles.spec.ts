import { array, assert, dictionary, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodesInCycles } from '../src/module-graph.js';

type Graph = Readonly<Record<string, readonly string[]>>;

function cyclicIn(graph: Graph): string[] {
  return [...nodesInCycles(Object.keys(graph), (node) => graph[node] ?? [])].sort();
}

/** The nodes that a node leads to, directly or through others. */
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

describe('the nodes in cycles', () => {
  it('lead back to themselves; others only lead there, or come from there', () => {
    const graph = {
      a: ['b'],
      b: ['c', 'e'],
      c: ['d', 'b'],
      d: ['b'],
      e: ['f'],
      f: ['e', 'f'],
      g: ['a'],
    };
    expect(cyclicIn(graph)).toEqual(['b', 'c', 'd', 'e', 'f']);
  });

  it('may lead to themselves directly', () => {
    expect(cyclicIn({ a: ['a', 'b'], b: [] })).toEqual(['a']);
  });

  it('are exactly those that can be reached from themselves', () => {
    const node = integer({ min: 0, max: 7 }).map(String);
    const graphs = dictionary(node, array(node, { maxLength: 3 }));
    assert(
      property(graphs, (graph) => {
        const expected = Object.keys(graph).filter((each) => reach(graph, each).has(each));
        expect(cyclicIn(graph)).toEqual(expected.sort());
      }),
    );
  });
});
