import { randomBytes } from 'node:crypto';

/** Tells the uids of this process from those of any other that logs to the same place. */
export const UID_PREFIX = `${randomBytes(4).toString('hex')}-`;

let last = 0;

/** The number of the next task: the place in submission order, and a part of its uid. */
export function nextSeq(): number {
  return ++last;
}
