import type { CrashDetails, TaskSerializationError } from '../contract/errors.js';
import type { LogLevelName, LogLine } from '../protocol/envelope.js';
import type { LostClass } from '../protocol/lost-classes.js';
import type { Attempt, WaitForApplication } from './channels/channel.js';
import type { EncodedError } from '../protocol/error-codec.js';

/**
 * One worker: it takes attempts and runs them one after another, in the order in which they were sent. It
 * reports to its {@link LaneListener}. Of its methods only `flush` and `leaveBehind` report while they run.
 */
export interface Lane<A extends Attempt = Attempt> {
  /** Counts from 1: the number of the worker in events, logs and statistics. */
  readonly id: number;
  /** The number of attempts sent and not yet reported finished, skipped or returned. */
  readonly load: number;
  /** Whether an attempt that is sent behind another one would gain nothing. */
  readonly takesOneAtATime?: boolean;
  /**
   * Takes an attempt, which is on its way after {@link flush}. The lane must be ready and have room.
   *
   * @param reportStart - Whether `onStarted` shall report that it begins.
   */
  send(attempt: A, reportStart: boolean): void;
  /** Sends what was taken, all in one message: waking a worker costs more than a short task. */
  flush(): void;
  /** Whether the lane holds the attempt and it has begun. */
  isStarted(attempt: A): boolean;
  /** When the attempt began, in `monotonicMs`; undefined if it has not. */
  startedAt(attempt: A): number | undefined;
  /** The attempts that were sent and are neither finished nor revoked, in no order. */
  held(): A[];
  /** Takes back an attempt that has not begun; false if it has. `onSkipped` reports when its room is free. */
  revoke(attempt: A): boolean;
  /** Cancels an attempt that has begun: its handler sees it at once, and stops by itself or not. */
  cancel(attempt: A, reason: unknown): void;
  /** Ends the worker at once, whatever it is doing. `onEnded` follows when it runs nothing any more. */
  kill(): void;
  /** The same for a worker that is not ready in time: `onEnded` has the error as its `startError`. */
  giveUp(error: Error): void;
  /** Lets the worker close its providers and end by itself. `onEnded` follows when it is gone. */
  release(): void;
  /** Reports `onEnded` now, for a worker that does not end in time: whatever it still does, no one waits for it. */
  leaveBehind(): void;
}

/** How a worker ended, and the attempts that it held then. */
export interface LaneEnd<A extends Attempt = Attempt> {
  /** The attempt that had begun, if any. */
  readonly running: A | undefined;
  /** When it began, in `monotonicMs`. */
  readonly runningSince: number | undefined;
  /** Those that had not begun, in no order. */
  readonly waiting: readonly A[];
  /** How the worker ended by itself; undefined after `kill` and `release`. */
  readonly crash: CrashDetails | undefined;
  /** What the worker threw before it was ready; undefined if it was. */
  readonly startError: unknown;
  /** Whether it is still there: a thread in a native call cannot be ended. No code of the handler follows. */
  readonly isLeftBehind: boolean;
  /** Settles when nothing is left of it: the memory of a killed thread takes some milliseconds to free. */
  readonly gone: Promise<void>;
}

/** What a lane reports. */
export interface LaneListener<A extends Attempt = Attempt> {
  /** The worker has built its providers, and takes attempts. */
  onReady(lane: Lane<A>): void;
  /** An attempt began that was sent with `reportStart`. */
  onStarted(lane: Lane<A>, attempt: A): void;
  /** The handler reported how far it is. */
  onProgress(lane: Lane<A>, attempt: A, value: unknown): void;
  /** The attempt returned. It began at `startedAt`, in `monotonicMs`, and took `runMs`. */
  onCompleted(lane: Lane<A>, attempt: A, result: unknown, startedAt: number, runMs: number): void;
  /** The attempt threw. */
  onFailed(lane: Lane<A>, attempt: A, error: EncodedError, startedAt: number, runMs: number): void;
  /** The attempt could not be sent, and has not begun. */
  onUnsendable(lane: Lane<A>, attempt: A, error: TaskSerializationError): void;
  /** The worker has passed over a revoked attempt: there is room for another one. */
  onSkipped(lane: Lane<A>): void;
  /** The attempt's handler waits for an answer of the application. */
  onAwaiting(lane: Lane<A>, attempt: A): WaitForApplication;
  /** After an attempt, the worker's heap was larger than `maxWorkerHeap` allows. */
  onHeapLimit(lane: Lane<A>): void;
  /** What the worker sent of an attempt has lost a class. */
  onLostClass(lane: Lane<A>, attempt: A, lost: LostClass): void;
  /** The worker's logger was given a line. */
  onLog(lane: Lane<A>, level: LogLevelName, line: LogLine): void;
  /** The worker has ended. What it had reported before follows, and then {@link onEnded}. */
  onEnding(lane: Lane<A>): void;
  /** The worker has ended, for whatever reason, and reports nothing more. Called exactly once. */
  onEnded(lane: Lane<A>, end: LaneEnd<A>): void;
}

/** Makes workers of one kind. */
export interface WorkerFactory<A extends Attempt = Attempt> {
  /** Starts a worker; `onReady` or `onEnded` follows. */
  create(id: number, listener: LaneListener<A>): Lane<A>;
}
