import { IndexedHeap, type HeapItem } from './indexed-heap.js';

/**
 * What waits for a worker, in the order in which it is to run: higher priority first; within one
 * priority round-robin over the fairness keys; within one key by `seq`, however a node came there.
 *
 * A level for each priority that has nodes, in a heap; a flow for each key of a level, in a ring; the
 * nodes of a flow in a line. See `Level` for the exact order of turns.
 *
 * Invariant: the heap holds exactly the levels that are not empty. One empty level, the last one that
 * ran out, is remembered beside it, so that a queue that runs empty after every task builds nothing
 * anew; priorities that never come back leave nothing behind.
 * Cost: every operation is O(1) within one priority, with O(log p) for the first and the last node of
 * a priority among p, and O(log k) for a node that comes late into the middle of its flow.
 */
export class FairQueue<N extends QueueNode> {
  readonly #levels = new Map<number, PriorityBucket>();
  readonly #waiting = new IndexedHeap<PriorityBucket>();
  #emptyLevel: PriorityBucket | undefined = undefined;
  #size = 0;

  /** How many nodes wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether the node waits in this queue. */
  has(node: N): boolean {
    return node.flow?.level.owner === this;
  }

  /**
   * Puts a node in its place by `seq`, which for a new submission is the end of its flow. A key that
   * had none waiting comes last in turn.
   */
  push(node: N): void {
    this.#levelFor(node).add(node);
    this.#size += 1;
  }

  /**
   * Gives back a node that was taken and could not be used: it stands where it stood, and its key has
   * the next turn, as if nothing had been taken. A node that had its turn, and comes back for another
   * attempt, is a matter for {@link push}.
   */
  restore(node: N): void {
    this.#levelFor(node).restore(node);
    this.#size += 1;
  }

  /** The node that {@link take} would take. */
  peek(): N | undefined {
    return this.#waiting.first?.first as N | undefined;
  }

  /** Takes the next node; undefined when none waits. */
  take(): N | undefined {
    const level = this.#waiting.first;
    if (level === undefined) {
      return undefined;
    }
    const node = level.take();
    this.#size -= 1;
    if (level.isEmpty) {
      this.#retire(level);
    }
    return node as N | undefined;
  }

  /** Takes out a node wherever it stands. False, and nothing changed, if it does not wait here. */
  remove(node: N): boolean {
    const flow = node.flow;
    if (flow === undefined || flow.level.owner !== this) {
      return false;
    }
    const level = flow.level;
    level.remove(node, flow);
    this.#size -= 1;
    if (level.isEmpty) {
      this.#retire(level);
    }
    return true;
  }

  /**
   * Moves a waiting node to another priority, to its place by `seq` there. False, and nothing changed,
   * if it does not wait here.
   */
  reprioritise(node: N, priority: number): boolean {
    if (node.priority === priority) {
      return this.has(node);
    }
    if (!this.remove(node)) {
      return false;
    }
    node.priority = priority;
    this.push(node);
    return true;
  }

  /** Empties the queue and returns what waited, in the order in which it would have been taken. */
  clear(): N[] {
    const nodes: N[] = [];
    for (let node = this.take(); node !== undefined; node = this.take()) {
      nodes.push(node);
    }
    return nodes;
  }

  /** The waiting nodes in no particular order. The queue must not change meanwhile. */
  *[Symbol.iterator](): Generator<N> {
    for (const level of this.#waiting) {
      for (const node of level) {
        yield node as N;
      }
    }
  }

  /** The level to put the node on, which from now on counts as not empty. */
  #levelFor(node: N): PriorityBucket {
    const { priority } = node;
    // A second place for the same node would break the links of both, and be seen much later.
    if (node.flow !== undefined) {
      throw new Error(`The node ${node.seq} waits in a queue already`);
    }
    let level = this.#levels.get(priority);
    if (level === undefined) {
      level = new PriorityBucket(this, priority);
      this.#levels.set(priority, level);
    }
    if (level.isEmpty) {
      if (level === this.#emptyLevel) {
        this.#emptyLevel = undefined;
      }
      this.#waiting.add(level);
    }
    return level;
  }

  #retire(level: PriorityBucket): void {
    this.#waiting.remove(level);
    if (this.#emptyLevel !== undefined) {
      this.#levels.delete(this.#emptyLevel.priority);
    }
    this.#emptyLevel = level;
  }
}

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
export class PriorityBucket implements HeapItem {
  /** The queue this level belongs to. */
  readonly owner: object;
  readonly priority: number;
  readonly rank: number;
  heapIndex = -1;
  #turn: KeyedFifo | undefined = undefined;
  #keyless: KeyedFifo | undefined = undefined;
  #keyed: Map<string, KeyedFifo> | undefined = undefined;

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
    if (flow.isEmpty) {
      this.#enterRing(flow);
    }
    flow.add(node);
  }

  /** Undoes a {@link take}: the node's key has the next turn. */
  restore(node: QueueNode): void {
    const flow = this.#flowOf(node.fairnessKey);
    if (flow !== this.#turn) {
      if (!flow.isEmpty) {
        this.#leaveRing(flow);
      }
      this.#enterRing(flow);
      this.#turn = flow;
    }
    flow.add(node);
  }

  /** Takes the first node of the key whose turn it is. */
  take(): QueueNode | undefined {
    const flow = this.#turn;
    const node = flow?.first;
    if (flow === undefined || node === undefined) {
      return undefined;
    }
    flow.remove(node);
    if (flow.isEmpty) {
      this.#drop(flow);
    } else {
      this.#turn = flow.next;
    }
    return node;
  }

  /** Takes out a node of one of this level's flows; nobody's turn changes. */
  remove(node: QueueNode, flow: KeyedFifo): void {
    flow.remove(node);
    if (flow.isEmpty) {
      this.#drop(flow);
    }
  }

  *[Symbol.iterator](): Generator<QueueNode> {
    if (this.#keyless !== undefined) {
      yield* this.#keyless;
    }
    if (this.#keyed !== undefined) {
      for (const flow of this.#keyed.values()) {
        yield* flow;
      }
    }
  }

  #flowOf(key: string | undefined): KeyedFifo {
    if (key === undefined) {
      return (this.#keyless ??= new KeyedFifo(this, key));
    }
    this.#keyed ??= new Map();
    let flow = this.#keyed.get(key);
    if (flow === undefined) {
      flow = new KeyedFifo(this, key);
      this.#keyed.set(key, flow);
    }
    return flow;
  }

  #drop(flow: KeyedFifo): void {
    this.#leaveRing(flow);
    if (flow.key !== undefined) {
      this.#keyed?.delete(flow.key);
    }
  }

  /** Behind all others, which in a ring is before the one whose turn it is. */
  #enterRing(flow: KeyedFifo): void {
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

  #leaveRing(flow: KeyedFifo): void {
    if (flow === this.#turn) {
      this.#turn = flow.next === flow ? undefined : flow.next;
    }
    flow.previous.next = flow.next;
    flow.next.previous = flow.previous;
    flow.previous = flow;
    flow.next = flow;
  }
}

/**
 * The waiting nodes of one priority and one fairness key, in order of `seq`.
 *
 * Invariant: the line ascends from its head to its tail; who would belong in the middle of it is a
 * straggler. The first of all is the earlier of the two firsts.
 * Cost: O(1) at either end of the line and for leaving it, which is all that a queue without retries
 * and new priorities ever does; O(log k) for k stragglers.
 */
export class KeyedFifo {
  readonly level: PriorityBucket;
  readonly key: string | undefined;
  /** The neighbours in the level's ring; the flow itself while it is alone. Written by the level only. */
  previous: KeyedFifo = this;
  next: KeyedFifo = this;
  #head: QueueNode | undefined = undefined;
  #tail: QueueNode | undefined = undefined;
  #stragglers: OutOfOrderHeap | undefined = undefined;

  constructor(level: PriorityBucket, key: string | undefined) {
    this.level = level;
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.#head === undefined && this.#stragglers === undefined;
  }

  /** The earliest node. */
  get first(): QueueNode | undefined {
    const head = this.#head;
    const straggler = this.#stragglers?.first;
    if (head === undefined) {
      return straggler;
    }
    return straggler !== undefined && straggler.seq < head.seq ? straggler : head;
  }

  add(node: QueueNode): void {
    const head = this.#head;
    const tail = this.#tail;
    node.flow = this;
    if (head === undefined || tail === undefined) {
      this.#head = node;
      this.#tail = node;
    } else if (node.seq > tail.seq) {
      node.ahead = tail;
      tail.behind = node;
      this.#tail = node;
    } else if (node.seq < head.seq) {
      node.behind = head;
      head.ahead = node;
      this.#head = node;
    } else {
      this.#stragglers ??= new OutOfOrderHeap();
      this.#stragglers.add(node);
    }
  }

  /** Takes out a node that waits in this flow. */
  remove(node: QueueNode): void {
    node.flow = undefined;
    if (this.#stragglers?.remove(node) === true) {
      if (this.#stragglers.size === 0) {
        this.#stragglers = undefined;
      }
      return;
    }
    const { ahead, behind } = node;
    if (ahead === undefined) {
      this.#head = behind;
    } else {
      ahead.behind = behind;
    }
    if (behind === undefined) {
      this.#tail = ahead;
    } else {
      behind.ahead = ahead;
    }
    node.ahead = undefined;
    node.behind = undefined;
  }

  *[Symbol.iterator](): Generator<QueueNode> {
    for (let node = this.#head; node !== undefined; node = node.behind) {
      yield node;
    }
    if (this.#stragglers !== undefined) {
      yield* this.#stragglers;
    }
  }
}

/**
 * The nodes that came to a flow when both earlier and later ones were already in line: re-prioritised
 * or retried tasks. Seldom any, so they pay for their own bookkeeping and a `QueueNode` has no field
 * for it.
 *
 * Cost: `first` O(1); `add` and `remove` O(log n) in the number of stragglers, not of the line.
 */
export class OutOfOrderHeap {
  readonly #heap = new IndexedHeap<OutOfOrderEntry>();
  readonly #entries = new Map<QueueNode, OutOfOrderEntry>();

  get size(): number {
    return this.#entries.size;
  }

  /** The earliest. */
  get first(): QueueNode | undefined {
    return this.#heap.first?.node;
  }

  add(node: QueueNode): void {
    const entry: OutOfOrderEntry = { node, rank: node.seq, heapIndex: -1 };
    this.#heap.add(entry);
    this.#entries.set(node, entry);
  }

  /** False if the node is not one of them. */
  remove(node: QueueNode): boolean {
    const entry = this.#entries.get(node);
    if (entry === undefined) {
      return false;
    }
    this.#heap.remove(entry);
    return this.#entries.delete(node);
  }

  [Symbol.iterator](): Iterator<QueueNode> {
    return this.#entries.keys();
  }
}

interface OutOfOrderEntry extends HeapItem {
  readonly node: QueueNode;
}

/**
 * What a `TaskQueue` holds: its links are fields of the node itself, so that a million waiting tasks
 * cost three words each and any of them leaves in constant time. A node is in at most one queue.
 */
export abstract class QueueNode {
  /** Higher is taken first. Any finite number; while the node waits, only the queue may change it. */
  priority: number;
  /** The place in submission order: lower is earlier, and no two nodes have the same. */
  readonly seq: number;
  /** Nodes of one priority are taken round-robin over their keys; all without a key share one turn. */
  readonly fairnessKey: string | undefined;

  /** The flow the node waits in; undefined when it does not wait. Written by the flow only. */
  flow: KeyedFifo | undefined;
  /** The next earlier node of the flow's line. Written by the flow only. */
  ahead: QueueNode | undefined;
  /** The next later node of the flow's line. Written by the flow only. */
  behind: QueueNode | undefined;

  constructor(seq: number, priority: number, fairnessKey?: string) {
    this.priority = priority;
    this.seq = seq;
    this.fairnessKey = fairnessKey;
    this.flow = undefined;
    this.ahead = undefined;
    this.behind = undefined;
  }
}

/** Whether `a` is taken before `b`, where neither fairness keys nor bounds of handlers matter. */
export function comesBefore(a: QueueNode, b: QueueNode): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.seq < b.seq);
}
