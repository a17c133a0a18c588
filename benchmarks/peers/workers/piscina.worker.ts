import { move } from 'piscina';
import * as tasks from '../../work/work.js';
import type { PayloadWay } from '../pool.js';

export { hang, work as default } from '../../work/work.js';

export function meet({ barrier, parties }: { barrier: Int32Array; parties: number }): void {
  tasks.meet(barrier, parties);
}

export function bounce({
  bytes,
  way,
}: {
  bytes: Uint8Array<ArrayBuffer>;
  way: PayloadWay;
}): unknown {
  return way === 'transferred' ? move(bytes) : bytes;
}
