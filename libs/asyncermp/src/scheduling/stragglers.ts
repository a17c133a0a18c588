import { IndexedHeap } from './indexed-heap.js';
import type { HeapItem } from './indexed-heap.js';
import type { QueueNode } from './queue-node.js';

/**
 * The nodes that came to a flow when both earlier and later ones were already in line: re-prioritised
 * or retried tasks. Seldom any, so they pay for their own bookkeeping and a `QueueNode` has no field
 * for it.
 *
 * Cost: `first` O(1); `add` and `remove` O(log n) in the number of stragglers, not of the line.
 */
export class Stragglers {
  readonly #heap = new IndexedHeap<Straggler>();
  readonly #entries = new Map<QueueNode, Straggler>();

  get size(): number {
    return this.#entries.size;
  }

  /** The earliest. */
  get first(): QueueNode | undefined {
    return this.#heap.first?.node;
  }

  add(node: QueueNode): void {
    const entry: Straggler = { node, rank: node.seq, heapIndex: -1 };
    this.#heap.add(entry);
    this.#entries.set(node, entry);
  }

  /** False if the node is not one of them. */
  remove(node: QueueNode): boolean {
    const entry = this.#entries.get(node);
    if (entry === undefined) return false;
    this.#heap.remove(entry);
    return this.#entries.delete(node);
  }

  [Symbol.iterator](): Iterator<QueueNode> {
    return this.#entries.keys();
  }
}

interface Straggler extends HeapItem {
  readonly node: QueueNode;
}
