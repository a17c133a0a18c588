import type { Lane } from '../pools/lane.js';
import type { EncodedError } from '../protocol/error-codec.js';
import type { CrashDetails } from '../tasks/errors.js';
import type { Task } from './task.js';

/** What the dispatcher reports of attempts. */
export interface AttemptListener {
  /** Whether the worker shall tell when this attempt starts. */
  wantsStart(task: Task): boolean;
  onSent(task: Task): void;
  onStarted(task: Task, lane: Lane<Task>): void;
  onProgress(task: Task, value: unknown): void;
  onCompleted(task: Task, result: unknown, startedAt: number): void;
  onFailed(task: Task, error: EncodedError, startedAt: number): void;
  /** The worker has ended: it crashed, or (without `crash`) it was killed. */
  onLost(task: Task, crash: CrashDetails | undefined, startedAt: number | undefined): void;
  /** It could not be sent: nothing of it has happened. */
  onUnsendable(task: Task, error: unknown): void;
  /** No worker starts, so nothing that waits can run. */
  onNoWorkers(error: unknown): void;
  /** There may be room for a submission that waits for it. */
  onRoom(): void;
}
