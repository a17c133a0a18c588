import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { turns } from './outcomes.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage a turn later, since a WeakRef holds its target during the turn that made it. */
export async function collectGarbage(): Promise<void> {
  await turns(1);
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

/** The bytes of the heap that are still reachable. */
export async function heapInUse(): Promise<number> {
  // Queued messages and settled promises are released first.
  for (let round = 0; round < 3; round++) {
    await turns(10);
    collect();
  }
  return process.memoryUsage().heapUsed;
}
