import { QueueNode } from '../../src/engine/fair-queue.js';

export class TestNode extends QueueNode {
  constructor(seq: number, priority = 0, fairnessKey?: string) {
    super(seq, priority, fairnessKey);
  }

  get name(): string {
    return `${this.fairnessKey ?? ''}${this.seq}`;
  }
}

/** Nodes by name and in order of seq: `a1` has the key `a` and the seq 1. */
export function nodes(...names: string[]): TestNode[] {
  return names.map((name) => {
    const [, key, seq] = /^([a-z]*)(\d+)$/.exec(name) ?? [];
    return new TestNode(Number(seq), 0, key === '' ? undefined : key);
  });
}
