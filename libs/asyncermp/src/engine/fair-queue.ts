import { IndexedHeap, type HeapItem } from './indexed-heap.js';

/**
 * What waits for a worker, in the order in which it runs: higher priority first; within one priority
 * round-robin over the fairness keys; within one key by `seq`, in whatever order nodes were added.
 *
 * There is a bucket for each priority that has nodes, in a heap; a FIFO for each key of a bucket, in a ring;
 * and the nodes of a FIFO in a linked list. `PriorityBucket` has the exact order of turns.
 *
 * Invariant: the heap holds exactly the buckets that are not empty. The bucket that ran empty last is kept
 * beside it, so that a queue that runs empty after every task builds nothing anew; other priorities leave
 * nothing behind.
 * Cost: every operation is O(1) within one priority, with O(log p) for the first and the last node of
 * a priority among p, and O(log k) for a node that comes late into the middle of its fifo.
 */
export class FairQueue<N extends QueueNode> {
  readonly #buckets = new Map<number, PriorityBucket>();
  readonly #waiting = new IndexedHeap<PriorityBucket>();
  #emptyBucket: PriorityBucket | undefined = undefined;
  #size = 0;

  /** How many nodes wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether the node waits in this queue. */
  has(node: N): boolean {
    return node.fifo?.bucket.owner === this;
  }

  /**
   * Puts a node in its place by `seq`, which for a new submission is the end of its fifo. A key that
   * had none waiting comes last in turn.
   */
  push(node: N): void {
    this.#bucketFor(node).add(node);
    this.#size += 1;
  }

  /**
   * Puts back a node that was taken and not used: to the place that it had, and its key has the next turn,
   * as if nothing had been taken. A node that comes back for another attempt is added by {@link push}.
   */
  restore(node: N): void {
    this.#bucketFor(node).restore(node);
    this.#size += 1;
  }

  /** The node that {@link take} would take. */
  peek(): N | undefined {
    return this.#waiting.first?.first as N | undefined;
  }

  /** Takes the next node; undefined when none waits. */
  take(): N | undefined {
    const bucket = this.#waiting.first;
    if (bucket === undefined) {
      return undefined;
    }
    const node = bucket.take();
    this.#size -= 1;
    if (bucket.isEmpty) {
      this.#retire(bucket);
    }
    return node as N | undefined;
  }

  /** Takes out a node wherever it stands. False, and nothing changed, if it does not wait here. */
  remove(node: N): boolean {
    const fifo = node.fifo;
    if (fifo === undefined || fifo.bucket.owner !== this) {
      return false;
    }
    const bucket = fifo.bucket;
    bucket.remove(node, fifo);
    this.#size -= 1;
    if (bucket.isEmpty) {
      this.#retire(bucket);
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
    for (const bucket of this.#waiting) {
      for (const node of bucket) {
        yield node as N;
      }
    }
  }

  /** The bucket to put the node on, which from now on counts as not empty. */
  #bucketFor(node: N): PriorityBucket {
    const { priority } = node;
    // A second place for the same node would break the links of both, and be seen much later.
    if (node.fifo !== undefined) {
      throw new Error(`The node ${node.seq} waits in a queue already`);
    }
    let bucket = this.#buckets.get(priority);
    if (bucket === undefined) {
      bucket = new PriorityBucket(this, priority);
      this.#buckets.set(priority, bucket);
    }
    if (bucket.isEmpty) {
      if (bucket === this.#emptyBucket) {
        this.#emptyBucket = undefined;
      }
      this.#waiting.add(bucket);
    }
    return bucket;
  }

  #retire(bucket: PriorityBucket): void {
    this.#waiting.remove(bucket);
    if (this.#emptyBucket !== undefined) {
      this.#buckets.delete(this.#emptyBucket.priority);
    }
    this.#emptyBucket = bucket;
  }
}

/**
 * The waiting nodes of one priority: a ring of FIFOs, one for each fairness key with waiting nodes.
 *
 * The order of turns: a key that had nothing waiting here comes last; the key whose turn it is gives
 * its first node and then goes behind the others, or leaves with its last one; a node given back by
 * `restore` brings the turn back, too.
 *
 * Invariant: the ring holds exactly the FIFOs that are not empty.
 * Cost: O(1) beside what the fifo costs. A key's fifo is gone when it is empty; that of the nodes
 * without key is kept, since most queues know no other.
 */
class PriorityBucket implements HeapItem {
  /** The queue this bucket belongs to. */
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
    const fifo = this.#fifoOf(node.fairnessKey);
    if (fifo.isEmpty) {
      this.#enterRing(fifo);
    }
    fifo.add(node);
  }

  /** Undoes a {@link take}: the node's key has the next turn. */
  restore(node: QueueNode): void {
    const fifo = this.#fifoOf(node.fairnessKey);
    if (fifo !== this.#turn) {
      if (!fifo.isEmpty) {
        this.#leaveRing(fifo);
      }
      this.#enterRing(fifo);
      this.#turn = fifo;
    }
    fifo.add(node);
  }

  /** Takes the first node of the key whose turn it is. */
  take(): QueueNode | undefined {
    const fifo = this.#turn;
    const node = fifo?.first;
    if (fifo === undefined || node === undefined) {
      return undefined;
    }
    fifo.remove(node);
    if (fifo.isEmpty) {
      this.#drop(fifo);
    } else {
      this.#turn = fifo.next;
    }
    return node;
  }

  /** Takes out a node of one of this bucket's FIFOs; no turn changes. */
  remove(node: QueueNode, fifo: KeyedFifo): void {
    fifo.remove(node);
    if (fifo.isEmpty) {
      this.#drop(fifo);
    }
  }

  *[Symbol.iterator](): Generator<QueueNode> {
    if (this.#keyless !== undefined) {
      yield* this.#keyless;
    }
    if (this.#keyed !== undefined) {
      for (const fifo of this.#keyed.values()) {
        yield* fifo;
      }
    }
  }

  #fifoOf(key: string | undefined): KeyedFifo {
    if (key === undefined) {
      return (this.#keyless ??= new KeyedFifo(this, key));
    }
    this.#keyed ??= new Map();
    let fifo = this.#keyed.get(key);
    if (fifo === undefined) {
      fifo = new KeyedFifo(this, key);
      this.#keyed.set(key, fifo);
    }
    return fifo;
  }

  #drop(fifo: KeyedFifo): void {
    this.#leaveRing(fifo);
    if (fifo.key !== undefined) {
      this.#keyed?.delete(fifo.key);
    }
  }

  /** Behind all others, which in a ring is before the one whose turn it is. */
  #enterRing(fifo: KeyedFifo): void {
    const turn = this.#turn;
    if (turn === undefined) {
      this.#turn = fifo;
      return;
    }
    const last = turn.previous;
    last.next = fifo;
    fifo.previous = last;
    fifo.next = turn;
    turn.previous = fifo;
  }

  #leaveRing(fifo: KeyedFifo): void {
    if (fifo === this.#turn) {
      this.#turn = fifo.next === fifo ? undefined : fifo.next;
    }
    fifo.previous.next = fifo.next;
    fifo.next.previous = fifo.previous;
    fifo.previous = fifo;
    fifo.next = fifo;
  }
}

/**
 * The waiting nodes of one priority and one fairness key, in order of `seq`.
 *
 * Invariant: the list ascends from its head to its tail; a node that belongs into the middle of it goes to
 * the out-of-order heap. The first of all is the earlier of the two firsts.
 * Cost: O(1) at either end of the line and for leaving it, which is all that a queue without retries
 * and new priorities ever does; O(log k) for k out-of-order nodes.
 */
class KeyedFifo {
  readonly bucket: PriorityBucket;
  readonly key: string | undefined;
  /** The neighbours in the bucket's ring; the fifo itself while it is alone. Written by the bucket only. */
  previous: KeyedFifo = this;
  next: KeyedFifo = this;
  #head: QueueNode | undefined = undefined;
  #tail: QueueNode | undefined = undefined;
  #outOfOrder: OutOfOrderHeap | undefined = undefined;

  constructor(bucket: PriorityBucket, key: string | undefined) {
    this.bucket = bucket;
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.#head === undefined && this.#outOfOrder === undefined;
  }

  /** The earliest node. */
  get first(): QueueNode | undefined {
    const head = this.#head;
    const outOfOrder = this.#outOfOrder?.first;
    if (head === undefined) {
      return outOfOrder;
    }
    return outOfOrder !== undefined && outOfOrder.seq < head.seq ? outOfOrder : head;
  }

  add(node: QueueNode): void {
    const head = this.#head;
    const tail = this.#tail;
    node.fifo = this;
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
      this.#outOfOrder ??= new OutOfOrderHeap();
      this.#outOfOrder.add(node);
    }
  }

  /** Takes out a node that waits in this fifo. */
  remove(node: QueueNode): void {
    node.fifo = undefined;
    if (this.#outOfOrder?.remove(node) === true) {
      if (this.#outOfOrder.size === 0) {
        this.#outOfOrder = undefined;
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
    if (this.#outOfOrder !== undefined) {
      yield* this.#outOfOrder;
    }
  }
}

/**
 * The nodes that came to a fifo when both earlier and later ones were already in line: re-prioritised
 * or retried tasks. Seldom any, so they pay for their own bookkeeping and a `QueueNode` has no field
 * for it.
 *
 * Cost: `first` O(1); `add` and `remove` O(log n) in the number of out-of-order nodes, not of the line.
 */
class OutOfOrderHeap {
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
 * What a `FairQueue` holds: its links are fields of the node itself, so that a million waiting tasks
 * cost three words each and any of them leaves in constant time. A node is in at most one queue.
 */
export abstract class QueueNode {
  /** Higher is taken first. Any finite number; while the node waits, only the queue may change it. */
  priority: number;
  /** The place in submission order: lower is earlier, and no two nodes have the same. */
  readonly seq: number;
  /** Nodes of one priority are taken round-robin over their keys; all without a key share one turn. */
  readonly fairnessKey: string | undefined;

  /** The fifo the node waits in; undefined when it does not wait. Written by the fifo only. */
  fifo: KeyedFifo | undefined;
  /** The next earlier node of the fifo's line. Written by the fifo only. */
  ahead: QueueNode | undefined;
  /** The next later node of the fifo's line. Written by the fifo only. */
  behind: QueueNode | undefined;

  constructor(seq: number, priority: number, fairnessKey?: string) {
    this.priority = priority;
    this.seq = seq;
    this.fairnessKey = fairnessKey;
    this.fifo = undefined;
    this.ahead = undefined;
    this.behind = undefined;
  }
}

/** Whether `a` is taken before `b`, where neither fairness keys nor bounds of handlers matter. */
export function comesBefore(a: QueueNode, b: QueueNode): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.seq < b.seq);
}
