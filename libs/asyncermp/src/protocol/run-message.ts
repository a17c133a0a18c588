import { ToWorker } from './envelope.js';

/** The number that makes a uid with the prefix of the lease, or the uid that the caller gave. */
export type SentUid = number | string;

/** An attempt on its way. What else a worker must know of it is in its slot. */
export interface SentRun {
  readonly slot: number;
  readonly uid: SentUid;
  readonly args: readonly unknown[];
}

/**
 * Attempts to run: for each its slot, its uid and its arguments, one after another in one array. An array
 * or object for each of them would cost a quarter of a microsecond more to clone, on either side.
 */
export type RunMessage = [head: typeof ToWorker.Run, ...unknown[]];

export function newRunMessage(): RunMessage {
  return [ToWorker.Run];
}

export function addRun(message: RunMessage, slot: number, uid: SentUid, args: readonly unknown[]) {
  message.push(slot, uid, args);
}

/** Adds what the message holds to a list. */
export function readRuns(message: RunMessage, into: SentRun[]): void {
  for (let i = 1; i < message.length; i += 3) {
    into.push({
      slot: message[i] as number,
      uid: message[i + 1] as SentUid,
      args: message[i + 2] as readonly unknown[],
    });
  }
}
