import type { CrashDetails, TaskSerializationError } from '../contract/errors.js';
import type { LogLevelName, LogLine } from '../protocol/envelope.js';
import type { Attempt } from './channels/channel.js';
import type { EncodedError } from '../protocol/error-codec.js';

/**
 * One worker, leased: it takes attempts and runs them one after another, in the order they were sent.
 * What it reports goes to its {@link LaneListener}, and while one of its methods runs only from `flush`.
 */
export interface Lane<A extends Attempt = Attempt> {
  /** Counts from 1, for people: in events, logs and statistics. */
  readonly id: number;
  /** The number of attempts sent and not yet reported finished, skipped or returned. */
  readonly load: number;
  /** Set where an attempt that is sent behind another one would gain nothing. */
  readonly takesOneAtATime?: true;
  /** Takes an attempt. The lane must be ready and have room. It is on its way after {@link flush}. */
  send(attempt: A, reportStart: boolean): void;
  /** Sends what was taken, all in one: waking a worker costs more than a short task. */
  flush(): void;
  /** Whether the attempt has begun. */
  isStarted(attempt: A): boolean;
  /** When the attempt began, in `monotonicMs`; undefined if it has not. */
  startedAt(attempt: A): number | undefined;
  /** The attempts that were sent and neither finished nor taken back, in no order. */
  held(): A[];
  /** Takes an attempt back that has not begun; false if it has. Its room is freed by `onSkipped`. */
  revoke(attempt: A): boolean;
  /** Tells a running attempt that it is cancelled. */
  cancel(attempt: A, reason: unknown): void;
  /** Ends the worker at once. `onEnded` follows when it runs nothing any more. */
  kill(): void;
  /** The same for a worker that is not ready in time: it has failed to start, with this error. */
  giveUp(error: Error): void;
  /** Lets the worker close its providers and end by itself. `onEnded` follows when it is gone. */
  release(): void;
}

/** What became of the attempts that a worker held when it ended. */
export interface LaneEnd<A extends Attempt = Attempt> {
  /** The attempt that had begun, if one had. */
  readonly running: A | undefined;
  /** When that one began, in `monotonicMs`. */
  readonly runningSince: number | undefined;
  /** Those that had not, in no order: nothing of them has happened. */
  readonly waiting: readonly A[];
  /** How the worker ended; undefined after `kill` and `release`. */
  readonly crash: CrashDetails | undefined;
  /** Set where the worker never became ready: what it threw. */
  readonly startError: unknown;
  /** Settles when its thread is gone, too: the memory of one that was killed takes some milliseconds to free. */
  readonly gone: Promise<void>;
}

/** Whom a lane reports to. */
export interface LaneListener<A extends Attempt = Attempt> {
  /** The worker has built its providers, and takes attempts. */
  onReady(lane: Lane<A>): void;
  /** An attempt whose start was asked for began. */
  onStarted(lane: Lane<A>, attempt: A): void;
  onProgress(lane: Lane<A>, attempt: A, value: unknown): void;
  /** The attempt returned. It began at `startedAt`, in `monotonicMs`, and took `runMs`. */
  onCompleted(lane: Lane<A>, attempt: A, result: unknown, startedAt: number, runMs: number): void;
  /** The attempt threw. */
  onFailed(lane: Lane<A>, attempt: A, error: EncodedError, startedAt: number, runMs: number): void;
  /** The attempt could not be sent: nothing of it has happened. */
  onUnsendable(lane: Lane<A>, attempt: A, error: TaskSerializationError): void;
  /** The worker has passed over an attempt that was taken back: there is room for another one. */
  onSkipped(lane: Lane<A>): void;
  /** After an attempt, the worker's heap held more than it may (`maxWorkerHeap`). */
  onHeapLimit(lane: Lane<A>): void;
  onLog(lane: Lane<A>, level: LogLevelName, line: LogLine): void;
  /** The worker has ended. What it had answered before follows, and then {@link onEnded}. */
  onEnding(lane: Lane<A>): void;
  /** The worker has ended, whatever the reason: it runs nothing, and nothing more will come of it. Exactly once. */
  onEnded(lane: Lane<A>, end: LaneEnd<A>): void;
}

/** Makes lanes of one kind. */
export interface WorkerFactory<A extends Attempt = Attempt> {
  /** Starts a worker; `onReady` or `onEnded` follows. */
  create(id: number, listener: LaneListener<A>): Lane<A>;
}
