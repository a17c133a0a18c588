import type { Transferable } from 'node:worker_threads';
import type { RunMode } from '../../protocol/envelope.js';

/** What a lane needs to know of an attempt. */
export interface Attempt {
  readonly uid: string;
  /** The caller's own uid, if it gave one; otherwise `seq` makes it. */
  readonly givenUid: string | undefined;
  readonly seq: number;
  /** The handler's name. */
  readonly handlerName: string;
  /** The handler's index in the worker's manifest. */
  readonly handlerIndex: number;
  readonly args: readonly unknown[];
  /** What is handed over with the arguments, if anything. */
  readonly transferList: readonly Transferable[] | undefined;
  /** Which attempt of its task it is, from 1. */
  readonly attempt: number;
  readonly mode: RunMode;
  /** Where the lane keeps it while it is there. Written by the lane alone. */
  slot: number;
}
