import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { turns } from './outcomes.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The bytes of the heap that are still reachable. */
export async function heapInUse(): Promise<number> {
  // Queued messages and settled promises are released first.
  for (let round = 0; round < 3; round++) {
    await turns(10);
    collect();
  }
  return process.memoryUsage().heapUsed;
}
