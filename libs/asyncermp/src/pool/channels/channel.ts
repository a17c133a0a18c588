import type { Transferable } from 'node:worker_threads';
import type { TaskHeaders } from '../../contract/interceptor.js';
import type { CrashDetails, TaskSerializationError } from '../../contract/errors.js';
import type { ControlMessage, LaneMessage, RunMode, SentArgs } from '../../protocol/envelope.js';
import type { LaneSlots } from '../../protocol/slots.js';
import { failedToClone, findUncloneable, serializationError } from '../../protocol/uncloneable.js';

/**
 * What a worker lane stands on: it starts and ends one worker, and carries the messages of the protocol
 * there and back. Lanes of different kinds differ in their channel only.
 *
 * How messages travel, how a waiting worker is woken, and where the slots lie is the channel's own affair.
 */
export interface Channel<A extends Attempt> {
  /** Whether an attempt that is sent behind another one would gain nothing. */
  readonly takesOneAtATime: boolean;
  /** The slots of the attempts, which the worker sees as well. */
  readonly slots: LaneSlots;
  /** Once the worker has ended: settles when nothing is left of it. */
  readonly gone: Promise<void>;
  /**
   * Sends attempts in their order, as one message: waking a worker costs more than a short task.
   *
   * @param transferList - What is handed over with them.
   * @throws what the clone threw, if one of them cannot be cloned: none of them was sent then
   */
  postAttempts(attempts: readonly A[], transferList: readonly Transferable[] | undefined): void;
  /** Sends a message that carries no attempt. */
  post(message: ControlMessage): void;
  /** Ends the worker at once, whatever it is doing. `onEnded` follows when it runs nothing any more. */
  end(): void;
  /** The worker does not end, and the process need not wait for it. */
  leaveBehind(): void;
  /**
   * To be called when the worker has ended or was left behind: receives what it had posted before, and nothing more.
   *
   * @returns how the worker ended, as far as the application did not end it
   */
  close(): CrashDetails;
}

/** What a channel reports: never while it is being made, and of its methods only while `close` runs. */
export interface ChannelListener {
  /** A message of the worker. They come in the order in which they were posted. */
  receive(message: LaneMessage): void;
  /** The handler in this slot waits for an answer of the application. */
  awaiting(slot: number): WaitForApplication;
  /** The worker has ended, or could not be started: it runs nothing any more. The first call counts. */
  onEnded(): void;
}

/** An attempt waits for an answer of the application. */
export interface WaitForApplication {
  /** The answer is there. It is delivered at once, or when the attempt may go on. Call it once. */
  end(deliver: () => void): void;
}

/** A wait that does not concern any attempt that runs. */
export const ANSWERED_AT_ONCE: WaitForApplication = { end: (deliver) => deliver() };

/** Starts a worker, and makes the channel to it. */
export type OpenChannel<A extends Attempt> = (listener: ChannelListener) => Channel<A>;

/** What a lane and its channel need to know of an attempt. */
export interface Attempt {
  readonly uid: string;
  /** The caller's own uid, if it gave one; otherwise `seq` makes it. */
  readonly givenUid: string | undefined;
  readonly seq: number;
  /** The handler's name. */
  readonly handlerName: string;
  /** The handler's index in the worker's manifest. */
  readonly handlerIndex: number;
  readonly args: SentArgs;
  /** What is handed over with the arguments, if anything. */
  readonly transferList: readonly Transferable[] | undefined;
  /** Which attempt of its task it is, from 1. */
  readonly attempt: number;
  readonly mode: RunMode;
  /** What interceptors send along, if anything. */
  readonly headers: TaskHeaders | undefined;
  /** The slot that it has in its lane, or -1. Only the lane writes it. */
  slot: number;
}

/** The error about an attempt whose arguments or headers could not be cloned, with what was thrown then. */
export function unsendable(
  { args, headers, transferList, uid, handlerName: handler }: Attempt,
  thrown: unknown,
): TaskSerializationError {
  const culprit = headers && findUncloneable(headers, 'headers');
  if (culprit) {
    return serializationError(culprit, { uid, handler });
  }
  return failedToClone(args, 'args', transferList, thrown, { uid, handler });
}
