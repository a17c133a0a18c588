import { IndexedHeap } from './indexed-heap.js';
import { Level } from './level.js';
import type { QueueNode } from './queue-node.js';

export { QueueNode } from './queue-node.js';

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
export class TaskQueue<N extends QueueNode> {
  readonly #levels = new Map<number, Level>();
  readonly #waiting = new IndexedHeap<Level>();
  #emptyLevel: Level | undefined = undefined;
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
    if (level === undefined) return undefined;
    const node = level.take();
    this.#size -= 1;
    if (level.isEmpty) this.#retire(level);
    return node as N | undefined;
  }

  /** Takes out a node wherever it stands. False, and nothing changed, if it does not wait here. */
  remove(node: N): boolean {
    const flow = node.flow;
    if (flow === undefined || flow.level.owner !== this) return false;
    const level = flow.level;
    level.remove(node, flow);
    this.#size -= 1;
    if (level.isEmpty) this.#retire(level);
    return true;
  }

  /**
   * Moves a waiting node to another priority, to its place by `seq` there. False, and nothing changed,
   * if it does not wait here.
   */
  reprioritise(node: N, priority: number): boolean {
    if (node.priority === priority) return this.has(node);
    if (!this.remove(node)) return false;
    node.priority = priority;
    this.push(node);
    return true;
  }

  /** Empties the queue and returns what waited, in the order in which it would have been taken. */
  clear(): N[] {
    const nodes: N[] = [];
    for (let node = this.take(); node !== undefined; node = this.take()) nodes.push(node);
    return nodes;
  }

  /** The waiting nodes in no particular order. The queue must not change meanwhile. */
  *[Symbol.iterator](): Generator<N> {
    for (const level of this.#waiting) for (const node of level) yield node as N;
  }

  /** The level to put the node on, which from now on counts as not empty. */
  #levelFor(node: N): Level {
    const { priority } = node;
    // A second place for the same node would break the links of both, and be seen much later.
    if (node.flow !== undefined) throw new Error(`The node ${node.seq} waits in a queue already`);
    let level = this.#levels.get(priority);
    if (level === undefined) {
      level = new Level(this, priority);
      this.#levels.set(priority, level);
    }
    if (level.isEmpty) {
      if (level === this.#emptyLevel) this.#emptyLevel = undefined;
      this.#waiting.add(level);
    }
    return level;
  }

  #retire(level: Level): void {
    this.#waiting.remove(level);
    if (this.#emptyLevel !== undefined) this.#levels.delete(this.#emptyLevel.priority);
    this.#emptyLevel = level;
  }
}
