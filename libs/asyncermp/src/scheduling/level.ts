import { Flow } from './flow.js';
import type { HeapItem } from './indexed-heap.js';
import type { QueueNode } from './queue-node.js';

/**
 * The waiting nodes of one priority: a ring of flows, one for each fairness key that has any.
 *
 * The order of turns: a key that had nothing waiting here comes last; the key whose turn it is gives
 * its first node and then goes behind the others, or leaves with its last one; a node given back by
 * `restore` brings the turn back, too.
 *
 * Invariant: the ring holds exactly the flows that are not empty.
 * Cost: O(1) beside what the flow costs. A key's flow is gone when it is empty; that of the nodes
 * without key is kept, since most queues know no other.
 */
export class Level implements HeapItem {
  /** The queue this level belongs to. */
  readonly owner: object;
  readonly priority: number;
  readonly rank: number;
  heapIndex = -1;
  #turn: Flow | undefined = undefined;
  #keyless: Flow | undefined = undefined;
  #keyed: Map<string, Flow> | undefined = undefined;

  constructor(owner: object, priority: number) {
    this.owner = owner;
    this.priority = priority;
    this.rank = -priority;
  }

  get isEmpty(): boolean {
    return this.#turn === undefined;
  }

  /** The node that {@link take} would take. */
  get first(): QueueNode | undefined {
    return this.#turn?.first;
  }

  /** A node of its own key waits its turn. */
  add(node: QueueNode): void {
    const flow = this.#flowOf(node.fairnessKey);
    if (flow.isEmpty) this.#enterRing(flow);
    flow.add(node);
  }

  /** Undoes a {@link take}: the node's key has the next turn. */
  restore(node: QueueNode): void {
    const flow = this.#flowOf(node.fairnessKey);
    if (flow !== this.#turn) {
      if (!flow.isEmpty) this.#leaveRing(flow);
      this.#enterRing(flow);
      this.#turn = flow;
    }
    flow.add(node);
  }

  /** Takes the first node of the key whose turn it is. */
  take(): QueueNode | undefined {
    const flow = this.#turn;
    const node = flow?.first;
    if (flow === undefined || node === undefined) return undefined;
    flow.remove(node);
    if (flow.isEmpty) this.#drop(flow);
    else this.#turn = flow.next;
    return node;
  }

  /** Takes out a node of one of this level's flows; nobody's turn changes. */
  remove(node: QueueNode, flow: Flow): void {
    flow.remove(node);
    if (flow.isEmpty) this.#drop(flow);
  }

  *[Symbol.iterator](): Generator<QueueNode> {
    if (this.#keyless !== undefined) yield* this.#keyless;
    if (this.#keyed !== undefined) for (const flow of this.#keyed.values()) yield* flow;
  }

  #flowOf(key: string | undefined): Flow {
    if (key === undefined) return (this.#keyless ??= new Flow(this, key));
    this.#keyed ??= new Map();
    let flow = this.#keyed.get(key);
    if (flow === undefined) {
      flow = new Flow(this, key);
      this.#keyed.set(key, flow);
    }
    return flow;
  }

  #drop(flow: Flow): void {
    this.#leaveRing(flow);
    if (flow.key !== undefined) this.#keyed?.delete(flow.key);
  }

  /** Behind all others, which in a ring is before the one whose turn it is. */
  #enterRing(flow: Flow): void {
    const turn = this.#turn;
    if (turn === undefined) {
      this.#turn = flow;
      return;
    }
    const last = turn.previous;
    last.next = flow;
    flow.previous = last;
    flow.next = turn;
    turn.previous = flow;
  }

  #leaveRing(flow: Flow): void {
    if (flow === this.#turn) this.#turn = flow.next === flow ? undefined : flow.next;
    flow.previous.next = flow.next;
    flow.next.previous = flow.previous;
    flow.previous = flow;
    flow.next = flow;
  }
}
