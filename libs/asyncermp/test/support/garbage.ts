import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { turns } from './outcomes.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The bytes of the heap that somebody still holds. */
export async function heapInUse(): Promise<number> {
  // What is still queued (messages, ended promises) is let go of first.
  for (let round = 0; round < 3; round++) {
    await turns(10);
    collect();
  }
  return process.memoryUsage().heapUsed;
}
