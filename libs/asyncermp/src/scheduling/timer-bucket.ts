import type { HeapItem } from './indexed-heap.js';

/** A deadline to come, as its adder may keep it to call it off. Holds nothing once it is off or past. */
export class TimerNode<T extends object> {
  value: T | undefined;
  /** The bucket the node is in. This and the links are written by the bucket only. */
  bucket: TimerBucket<T> | undefined;
  previous: TimerNode<T> | undefined;
  next: TimerNode<T> | undefined = undefined;

  constructor(value: T, bucket: TimerBucket<T>, previous: TimerNode<T> | undefined) {
    this.value = value;
    this.bucket = bucket;
    this.previous = previous;
  }
}

/** The deadlines of one tick, in the order of their addition. Everything is O(1). */
export class TimerBucket<T extends object> implements HeapItem {
  /** The tick. */
  readonly rank: number;
  heapIndex = -1;
  #first: TimerNode<T> | undefined = undefined;
  #last: TimerNode<T> | undefined = undefined;

  constructor(tick: number) {
    this.rank = tick;
  }

  get first(): TimerNode<T> | undefined {
    return this.#first;
  }

  add(value: T): TimerNode<T> {
    const last = this.#last;
    const node = new TimerNode(value, this, last);
    if (last === undefined) this.#first = node;
    else last.next = node;
    this.#last = node;
    return node;
  }

  /** Takes out a node that is in this bucket, and makes it let go of its value. */
  remove(node: TimerNode<T>): void {
    const { previous, next } = node;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    node.value = undefined;
    node.bucket = undefined;
    node.previous = undefined;
    node.next = undefined;
  }
}
