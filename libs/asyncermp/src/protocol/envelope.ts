import type { MessagePort } from 'node:worker_threads';
import type { ModuleImage } from '../preload/module-image.js';
import type { LogLevelName, LogLine } from '../tasks/log-line.js';
import type { EncodedError } from './error-codec.js';
import type { RunMessage } from './run-message.js';

/*
 * What crosses between the application and a worker of threads. Tuples with a numeric head rather than
 * objects: the structured clone writes no property names, which is a third of the cost of a tiny task.
 */

/** Heads of the messages to a worker. */
export const ToWorker = { Run: 1, Cancel: 2, Release: 3 } as const;

/** Heads of the messages from a worker. */
export const FromWorker = {
  Ready: 1,
  StartFailed: 2,
  Started: 3,
  Progress: 4,
  Completed: 5,
  Failed: 6,
  Skipped: 7,
  Log: 8,
  HeapLimit: 9,
  CodeCache: 10,
  ImageFailed: 11,
} as const;

export type ToWorkerMessage =
  | RunMessage
  | [head: typeof ToWorker.Cancel, slot: number, reason: EncodedError]
  | [head: typeof ToWorker.Release];

export type FromWorkerMessage =
  | [head: typeof FromWorker.Ready]
  | [head: typeof FromWorker.StartFailed, error: EncodedError]
  | [head: typeof FromWorker.Started, slot: number]
  | [head: typeof FromWorker.Progress, slot: number, value: unknown]
  | [head: typeof FromWorker.Completed, slot: number, result: unknown]
  | [head: typeof FromWorker.Failed, slot: number, error: EncodedError]
  | [head: typeof FromWorker.Skipped, slot: number]
  | [head: typeof FromWorker.HeapLimit]
  | [head: typeof FromWorker.CodeCache, codeCache: SharedArrayBuffer]
  | [head: typeof FromWorker.ImageFailed, error: string]
  | [head: typeof FromWorker.Log, level: LogLevelName, line: LogLine];

/** Those that are about an attempt. */
export type AttemptMessage = Extract<
  FromWorkerMessage,
  readonly [
    (
      | typeof FromWorker.Completed
      | typeof FromWorker.Failed
      | typeof FromWorker.Progress
      | typeof FromWorker.Started
    ),
    ...unknown[],
  ]
>;

/** Which handlers a worker must know, by name, and the files whose import registers them. */
export interface WorkerManifest {
  /** Absolute paths or `file:` URLs, each once. */
  readonly files: readonly string[];
  /** Names of the handlers; a run message names one by its index. */
  readonly handlers: readonly string[];
}

/** What a worker is given once, when it is leased. */
export interface LeaseData {
  readonly port: MessagePort;
  readonly slots: SharedArrayBuffer;
  readonly doorbell: SharedArrayBuffer;
  readonly manifest: WorkerManifest;
  readonly uidPrefix: string;
  /** The number of the worker, for people. */
  readonly worker: number;
  /** The heap in use, in bytes, above which the worker asks to be replaced; Infinity for never. */
  readonly maxHeapBytes: number;
  /** What the worker need not load file by file; undefined where it has to. */
  readonly image: ModuleImage | undefined;
}
