import type { QueueNode } from '../../src/engine/fair-queue.js';

interface NaiveBucket<N> {
  priority: number;
  /** In the order of turns; none is empty. */
  fifos: { key: string | undefined; nodes: N[] }[];
}

/** A FairQueue of arrays that are searched and sorted every time. */
export class NaiveFairQueue<N extends QueueNode> {
  #buckets: NaiveBucket<N>[] = [];

  get nodes(): N[] {
    return this.#buckets.flatMap((bucket) => bucket.fifos.flatMap((fifo) => fifo.nodes));
  }

  push(node: N, priority = node.priority): void {
    const bucket = this.#bucket(priority);
    const fifo = bucket.fifos.find(({ key }) => key === node.fairnessKey);
    if (fifo === undefined) {
      bucket.fifos.push({ key: node.fairnessKey, nodes: [node] });
    } else {
      fifo.nodes = [...fifo.nodes, node].sort((a, b) => a.seq - b.seq);
    }
  }

  restore(node: N): void {
    this.push(node);
    const { fifos } = this.#bucket(node.priority);
    const own = fifos.filter(({ key }) => key === node.fairnessKey);
    fifos.splice(0, fifos.length, ...own, ...fifos.filter((fifo) => !own.includes(fifo)));
  }

  peek(): N | undefined {
    return this.#buckets[0]?.fifos[0]?.nodes[0];
  }

  take(): N | undefined {
    const node = this.peek();
    if (node === undefined) {
      return undefined;
    }
    const fifos = this.#buckets[0]?.fifos ?? [];
    fifos.push(...fifos.splice(0, 1));
    this.remove(node);
    return node;
  }

  remove(node: N): boolean {
    if (!this.nodes.includes(node)) {
      return false;
    }
    for (const bucket of this.#buckets) {
      for (const fifo of bucket.fifos) {
        fifo.nodes = fifo.nodes.filter((other) => other !== node);
      }
      bucket.fifos = bucket.fifos.filter(({ nodes }) => nodes.length > 0);
    }
    this.#buckets = this.#buckets.filter(({ fifos }) => fifos.length > 0);
    return true;
  }

  /** Moves the node only: the tested queue has changed its priority. */
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

  #bucket(priority: number): NaiveBucket<N> {
    let bucket = this.#buckets.find((candidate) => candidate.priority === priority);
    if (bucket === undefined) {
      bucket = { priority, fifos: [] };
      this.#buckets.push(bucket);
      this.#buckets.sort((a, b) => b.priority - a.priority);
    }
    return bucket;
  }
}
