import type { QueueNode } from '../../src/engine/fair-queue.js';

interface NaiveLevel<N> {
  priority: number;
  /** In the order of turns; none is empty. */
  flows: { key: string | undefined; nodes: N[] }[];
}

/** What a TaskQueue promises, in arrays that are searched and sorted every time. */
export class NaiveTaskQueue<N extends QueueNode> {
  #levels: NaiveLevel<N>[] = [];

  get nodes(): N[] {
    return this.#levels.flatMap((level) => level.flows.flatMap((flow) => flow.nodes));
  }

  push(node: N, priority = node.priority): void {
    const level = this.#level(priority);
    const flow = level.flows.find(({ key }) => key === node.fairnessKey);
    if (flow === undefined) {
      level.flows.push({ key: node.fairnessKey, nodes: [node] });
    } else {
      flow.nodes = [...flow.nodes, node].sort((a, b) => a.seq - b.seq);
    }
  }

  restore(node: N): void {
    this.push(node);
    const { flows } = this.#level(node.priority);
    const own = flows.filter(({ key }) => key === node.fairnessKey);
    flows.splice(0, flows.length, ...own, ...flows.filter((flow) => !own.includes(flow)));
  }

  peek(): N | undefined {
    return this.#levels[0]?.flows[0]?.nodes[0];
  }

  take(): N | undefined {
    const node = this.peek();
    if (node === undefined) {
      return undefined;
    }
    const flows = this.#levels[0]?.flows ?? [];
    flows.push(...flows.splice(0, 1));
    this.remove(node);
    return node;
  }

  remove(node: N): boolean {
    if (!this.nodes.includes(node)) {
      return false;
    }
    for (const level of this.#levels) {
      for (const flow of level.flows) {
        flow.nodes = flow.nodes.filter((other) => other !== node);
      }
      level.flows = level.flows.filter(({ nodes }) => nodes.length > 0);
    }
    this.#levels = this.#levels.filter(({ flows }) => flows.length > 0);
    return true;
  }

  /** The node's priority is written by the queue that is tested; here it only moves. */
  reprioritise(node: N, priority: number): boolean {
    if (!this.nodes.includes(node)) {
      return false;
    }
    if (node.priority === priority) {
      return true;
    }
    this.remove(node);
    this.push(node, priority);
    return true;
  }

  #level(priority: number): NaiveLevel<N> {
    let level = this.#levels.find((candidate) => candidate.priority === priority);
    if (level === undefined) {
      level = { priority, flows: [] };
      this.#levels.push(level);
      this.#levels.sort((a, b) => b.priority - a.priority);
    }
    return level;
  }
}
