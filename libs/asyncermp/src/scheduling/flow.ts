import type { Level } from './level.js';
import type { QueueNode } from './queue-node.js';
import { Stragglers } from './stragglers.js';

/**
 * The waiting nodes of one priority and one fairness key, in order of `seq`.
 *
 * Invariant: the line ascends from its head to its tail; who would belong in the middle of it is a
 * straggler. The first of all is the earlier of the two firsts.
 * Cost: O(1) at either end of the line and for leaving it, which is all that a queue without retries
 * and new priorities ever does; O(log k) for k stragglers.
 */
export class Flow {
  readonly level: Level;
  readonly key: string | undefined;
  /** The neighbours in the level's ring; the flow itself while it is alone. Written by the level only. */
  previous: Flow = this;
  next: Flow = this;
  #head: QueueNode | undefined = undefined;
  #tail: QueueNode | undefined = undefined;
  #stragglers: Stragglers | undefined = undefined;

  constructor(level: Level, key: string | undefined) {
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
    if (head === undefined) return straggler;
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
      this.#stragglers ??= new Stragglers();
      this.#stragglers.add(node);
    }
  }

  /** Takes out a node that waits in this flow. */
  remove(node: QueueNode): void {
    node.flow = undefined;
    if (this.#stragglers?.remove(node) === true) {
      if (this.#stragglers.size === 0) this.#stragglers = undefined;
      return;
    }
    const { ahead, behind } = node;
    if (ahead === undefined) this.#head = behind;
    else ahead.behind = behind;
    if (behind === undefined) this.#tail = ahead;
    else behind.ahead = ahead;
    node.ahead = undefined;
    node.behind = undefined;
  }

  *[Symbol.iterator](): Generator<QueueNode> {
    for (let node = this.#head; node !== undefined; node = node.behind) yield node;
    if (this.#stragglers !== undefined) yield* this.#stragglers;
  }
}
