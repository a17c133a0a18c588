import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects what nobody holds. Waits a turn, because a WeakRef holds its target for the one that made it. */
export async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  collect();
}

/** By how many bytes the heap has grown through the work, garbage aside. */
export async function heapGrowth(work: () => void): Promise<number> {
  await collectGarbage();
  const before = process.memoryUsage().heapUsed;
  work();
  await collectGarbage();
  return process.memoryUsage().heapUsed - before;
}
