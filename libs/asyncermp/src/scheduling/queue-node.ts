import type { Flow } from './flow.js';

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
  flow: Flow | undefined;
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
