import { types } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import type { TaskHeaders } from '../contract/interceptor.js';
import type { EncodedError } from './error-codec.js';
import type { InstanceShape } from './instance-shape.js';
import type { Crossing } from './outgoing.js';
import type { EncodedValue } from './value-codec.js';

/*
 * The messages between a lane in the application and the attempt runner in its worker. Tuples with a
 * numeric head rather than objects: the structured clone writes no property names, which is a third of the
 * cost of a tiny task.
 *
 *   to the worker              from the worker
 *                              Ready, or StartFailed       once, first
 *   Run                        Started                     if the slot's `reportStart` is set
 *                              Progress                    any number
 *   Cancel                     Completed, Failed           one of them ends the attempt
 *                              Skipped                     instead of all these: it was revoked
 *   Answer                     Call                        to a provider that stays in the application
 *                              Uncaught                    the last one: nothing caught an error
 *   Release                                                the worker closes its providers and ends
 */

/** Heads of the messages to a worker. */
export const ToWorker = { Run: 1, Cancel: 2, Release: 3, Answer: 4 } as const;

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
  Instances: 12,
  Uncaught: 13,
  Call: 14,
} as const;

export type ToWorkerMessage = RunMessage | ControlMessage | AnswerMessage;

/** Those that carry no attempt. */
export type ControlMessage =
  | [head: typeof ToWorker.Cancel, slot: number, reason: EncodedError]
  | [head: typeof ToWorker.Release];

/** A call of a method of a provider that stays in the application. The id {@link NO_ANSWER} expects no answer. */
export type CallMessage = [
  head: typeof FromWorker.Call,
  id: number,
  /** Of the attempt that waits for the answer; -1 if none does. */
  slot: number,
  provider: string,
  method: string,
  args: readonly unknown[],
  /** Where the clone would not keep all of the arguments. */
  crossing?: Crossing,
];

/** The id of a call whose caller does not wait. */
export const NO_ANSWER = 0;

/** What came of a call. */
export type AnswerMessage =
  | [
      head: typeof ToWorker.Answer,
      id: number,
      kind: typeof AnswerKind.Result,
      result: unknown,
      encoded?: EncodedValue,
    ]
  | [head: typeof ToWorker.Answer, id: number, kind: typeof AnswerKind.Error, error: EncodedError]
  | [
      head: typeof ToWorker.Answer,
      id: number,
      kind: typeof AnswerKind.Unsendable,
      path: string,
      what: string,
    ];

export const AnswerKind = {
  Result: 0,
  /** The method threw, or the call was refused. */
  Error: 1,
  /** The result cannot be cloned. */
  Unsendable: 2,
} as const;

export type FromWorkerMessage = LaneMessage | ThreadMessage | InstancesMessage | CallMessage;

/** What a lane receives, whatever its worker is. */
export type LaneMessage =
  | [head: typeof FromWorker.Ready]
  | [head: typeof FromWorker.StartFailed, error: EncodedError]
  | [head: typeof FromWorker.Started, slot: number]
  | [head: typeof FromWorker.Progress, slot: number, value: unknown, crossing?: Crossing]
  | [head: typeof FromWorker.Completed, slot: number, result: unknown, crossing?: Crossing]
  | [head: typeof FromWorker.Failed, slot: number, error: EncodedError]
  | [head: typeof FromWorker.Skipped, slot: number]
  | [head: typeof FromWorker.HeapLimit]
  | [head: typeof FromWorker.Log, level: LogLevelName, line: LogLine];

/** About the thread itself: for the channel that started it, not for its lane. */
type ThreadMessage =
  | [head: typeof FromWorker.Uncaught, error: EncodedError]
  | [head: typeof FromWorker.CodeCache, codeCache: ArrayBuffer | undefined]
  | [head: typeof FromWorker.ImageFailed, error: string];

/** What the worker's providers look like, once, if the lease asks for it. */
type InstancesMessage = [head: typeof FromWorker.Instances, shapes: readonly InstanceShape[]];

/**
 * Whether the message is one of those that a worker sends. A handler can find its worker's port and post
 * anything, which must not throw in the application.
 */
export function isFromWorkerMessage(message: unknown): message is FromWorkerMessage {
  if (!Array.isArray(message)) {
    return false;
  }
  const [head, first, second, third, fourth, fifth] = message as unknown[];
  switch (head) {
    case FromWorker.Completed:
    case FromWorker.Progress:
    case FromWorker.Started:
    case FromWorker.Skipped:
      return isSlot(first);
    case FromWorker.Failed:
      return isSlot(first) && isObject(second);
    case FromWorker.Ready:
    case FromWorker.HeapLimit:
      return true;
    case FromWorker.StartFailed:
    case FromWorker.Uncaught:
      return isObject(first);
    case FromWorker.Log:
      return isLogLevel(first) && isLogLine(second);
    case FromWorker.Instances:
      return Array.isArray(first);
    case FromWorker.Call:
      return (
        Number.isInteger(first) &&
        Number.isInteger(second) &&
        typeof third === 'string' &&
        typeof fourth === 'string' &&
        Array.isArray(fifth)
      );
    case FromWorker.CodeCache:
      return first === undefined || types.isArrayBuffer(first);
    case FromWorker.ImageFailed:
      return typeof first === 'string';
    default:
      return false;
  }
}

function isSlot(value: unknown): boolean {
  return Number.isInteger(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Those that are about an attempt. */
export type AttemptMessage = Extract<
  LaneMessage,
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

/** What a thread is given once, when it is leased. */
export interface LeaseData {
  readonly port: MessagePort;
  readonly slots: SharedArrayBuffer;
  readonly doorbell: SharedArrayBuffer;
  readonly manifest: WorkerManifest;
  /** Receives one message, the {@link InjectionPlan}, which the application may not know yet. */
  readonly planPort: MessagePort;
  readonly uidPrefix: string;
  /** The number of the worker, as events and logs show it. */
  readonly worker: number;
  /** The number of the cluster's child that the application is; undefined if it is none. */
  readonly clusterWorker: number | undefined;
  /** The heap in use, in bytes, above which the worker asks to be replaced; Infinity for never. */
  readonly maxHeapBytes: number;
  /** Whether the worker describes its instances. */
  readonly describe: boolean;
  /** Whether results lose no class, where their handler says nothing else. */
  readonly strictClasses: boolean;
  /** The modules that the worker need not load file by file; undefined where it has to, and once it has. */
  image: ImageMemory | undefined;
  /** Whether the worker makes V8's code cache of the image, and sends it first. */
  readonly makesCodeCache: boolean;
}

/** An image as it crosses to a thread: a copy for this one alone. See `libs/worker-image`. */
export interface ImageMemory {
  readonly script: ArrayBuffer;
  readonly index: ArrayBuffer;
  readonly codeCache: ArrayBuffer | undefined;
}

/** The number that makes a uid with the prefix of the lease, or the uid that the caller gave. */
export type SentUid = number | string;

/** The arguments of an attempt: as they are, or encoded where the clone would not keep all of them. */
export type SentArgs = readonly unknown[] | EncodedValue;

/** An attempt on its way. Its numbers are in its slot. */
export interface SentRun {
  readonly slot: number;
  readonly uid: SentUid;
  readonly args: SentArgs;
  readonly headers: TaskHeaders | undefined;
}

/**
 * Attempts to run: for each its slot, its uid and its arguments, one after another in one array. An array
 * or object for each of them would cost a quarter of a microsecond more to clone, on either side. Headers,
 * which few attempts have, make a pair of the uid.
 */
export type RunMessage = [head: typeof ToWorker.Run, ...unknown[]];

/** How many entries of a {@link RunMessage} one attempt takes. */
const RUN_LENGTH = 3;

/** A message without attempts. */
export function newRunMessage(): RunMessage {
  return [ToWorker.Run];
}

/** Adds an attempt to the message. */
export function addRun(
  message: RunMessage,
  slot: number,
  uid: SentUid,
  args: SentArgs,
  headers: TaskHeaders | undefined,
): void {
  message.push(slot, headers === undefined ? uid : [uid, headers], args);
}

/** Adds the attempts of the message to a list. */
export function readRuns(message: RunMessage, into: SentRun[]): void {
  for (let i = 1; i < message.length; i += RUN_LENGTH) {
    const subject = message[i + 1] as SentUid | readonly [SentUid, TaskHeaders];
    const isPair = typeof subject === 'object';
    into.push({
      slot: message[i] as number,
      uid: isPair ? subject[0] : subject,
      args: message[i + 2] as SentArgs,
      headers: isPair ? subject[1] : undefined,
    });
  }
}

/** How an attempt is run: its arguments as they are, or as a list of arguments, one set after another. */
export const RunMode = {
  /** One call. */
  Single: 0,
  /** A call for each item, until one throws; the result is the list of results. */
  Chunk: 1,
  /** A call for each item, whatever the others do; the result is a list of {@link ItemOutcome}. */
  SettledChunk: 2,
} as const;

/** One of the values of {@link RunMode}. */
export type RunMode = (typeof RunMode)[keyof typeof RunMode];

/** The outcome of one item of a settled chunk. */
export type ItemOutcome =
  readonly [ok: true, value: unknown] | readonly [ok: false, error: EncodedError];

/** A run of less than this, in ms, is a short one: the time that it takes to reach a worker matters. */
export const SHORT_RUN_MS = 0.5;

/**
 * The uid of a task whose caller gave none: the process's own prefix, and the task's number. Such a uid
 * crosses as the number alone and is put together where it is read.
 */
export function autoUid(prefix: string, seq: number): string {
  return prefix + seq.toString(36);
}

/** The number in such a uid; undefined for any other text. */
export function autoUidSeq(prefix: string, uid: string): number | undefined {
  if (!uid.startsWith(prefix)) {
    return undefined;
  }
  const seq = Number.parseInt(uid.slice(prefix.length), 36);
  return autoUid(prefix, seq) === uid ? seq : undefined;
}

const LOG_LEVELS = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'] as const;

export type LogLevelName = (typeof LOG_LEVELS)[number];

function isLogLevel(value: unknown): value is LogLevelName {
  return (LOG_LEVELS as readonly unknown[]).includes(value);
}

/** One line of a worker's logger, on its way to the application's logger. */
export interface LogLine {
  readonly message: unknown;
  readonly context: string | undefined;
  /** What the logger was given besides: a stack, further messages. */
  readonly extra: readonly unknown[];
  /** The task that the line was written in. */
  readonly uid: string | undefined;
  readonly handler: string | undefined;
}

function isLogLine(value: unknown): value is LogLine {
  if (!isObject(value) || !Array.isArray((value as Partial<LogLine>).extra)) {
    return false;
  }
  const { context, uid, handler } = value as Record<string, unknown>;
  return [context, uid, handler].every((text) => text === undefined || typeof text === 'string');
}
