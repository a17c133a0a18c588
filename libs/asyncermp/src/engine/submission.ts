import type { Transferable } from 'node:worker_threads';

import { ConfigurationError } from '../contract/errors.js';
import type { SubmitExtras } from '../contract/interceptor.js';
import { checkTaskOptions, type TaskOptions } from '../contract/task-options.js';
import { RunMode, type SentArgs } from '../protocol/envelope.js';
import { encodeValue } from '../protocol/outgoing.js';
import { takeTransferList } from '../protocol/transfer.js';
import {
  flatLength,
  inspectOutgoing,
  serializationError,
  type Inspection,
} from '../protocol/uncloneable.js';
import type { EncodedValue } from '../protocol/value-codec.js';
import { policyOfCall, type HandlerRecord, type TaskPolicy } from './handler-record.js';
import { Task, type GivenExtras } from './task.js';

/**
 * Makes a task of a call: checks its options and arguments, and lays the options over those of the handler.
 * @throws ConfigurationError, TaskSerializationError
 */
export function prepareTask(
  handler: HandlerRecord,
  args: readonly unknown[],
  options: TaskOptions | undefined,
  extras: SubmitExtras | undefined,
): Task {
  const own = options && readOnce(options);
  const policy = policyOf(handler, own);
  const handOver = listedTransfers(handler, args, 'args', own);
  const inspection = inspectArguments(handler, args, 'args', handOver, own);
  const sent = inspection?.needsEncoding ? encoded(handler, args, handOver, own) : args;
  if (inspection?.lost) {
    handler.onLost(inspection.lost, handler.name);
  }
  return makeTask(handler, sent, RunMode.Single, 1, policy, handOver, own, extras);
}

/**
 * Makes one task that calls the handler with each of several items.
 * @param first - The place of the first item among all items, for messages.
 * @throws ConfigurationError, TaskSerializationError
 */
export function prepareChunk(
  handler: HandlerRecord,
  items: readonly (readonly unknown[])[],
  first: number,
  mode: RunMode,
  options: TaskOptions | undefined,
  extras: SubmitExtras | undefined,
): Task {
  const own = options && readOnce(options);
  const policy = policyOf(handler, own);
  const handOver: Transferable[] = [];
  let needsEncoding = false;
  items.forEach((args, index) => {
    const path = `items[${first + index}]`;
    const listed = listedTransfers(handler, args, path, own);
    const inspection = inspectArguments(handler, args, path, listed, own);
    handOver.push(...(listed ?? []));
    needsEncoding ||= inspection?.needsEncoding === true;
    if (inspection?.lost) {
      handler.onLost(inspection.lost, handler.name);
    }
  });
  const list = handOver.length > 0 ? handOver : undefined;
  const subject = { uid: own?.uid, handler: handler.name };
  let sent: SentArgs = mode === RunMode.Single ? (items[0] ?? []) : items;
  if (needsEncoding) {
    sent =
      mode === RunMode.Single
        ? encoded(handler, items[0] ?? [], list, own, `items[${first}]`)
        : encodeValue(items, 'items', handler.isStrict, subject, list, first);
  }
  return makeTask(handler, sent, mode, items.length, policy, list, own, extras);
}

function makeTask(
  handler: HandlerRecord,
  args: SentArgs,
  mode: RunMode,
  items: number,
  policy: TaskPolicy,
  handOver: readonly Transferable[] | undefined,
  options: TaskOptions | undefined,
  extras: SubmitExtras | undefined,
): Task {
  if (handOver && (policy.attempts > 1 || policy.crashAttempts > 1)) {
    checkRepeatable(handOver, handler.name);
  }
  return new Task({
    handler,
    policy,
    args,
    mode,
    items,
    priority: options?.priority ?? policy.priority,
    fairnessKey: options?.fairnessKey,
    extras: givenExtras(handOver, options, extras),
  });
}

function givenExtras(
  handOver: readonly Transferable[] | undefined,
  options: TaskOptions | undefined,
  extras: SubmitExtras | undefined,
): GivenExtras | undefined {
  const uid = options?.uid;
  const signals = signalsOf(options?.signal, extras?.signals);
  const headers = extras?.headers;
  return uid === undefined && !handOver && !signals && !headers
    ? undefined
    : { uid, handOver, signals, headers };
}

/** Each once: the call's own signal may be one of those around it. */
export function signalsOf(
  own: AbortSignal | undefined,
  others: readonly AbortSignal[] | undefined,
): readonly AbortSignal[] | undefined {
  if (own === undefined) {
    return others && others.length > 0 ? others : undefined;
  }
  return others && others.length > 0 ? [...new Set([own, ...others])] : [own];
}

function policyOf(handler: HandlerRecord, options: TaskOptions | undefined): TaskPolicy {
  if (!options) {
    return handler.policy;
  }
  checkTaskOptions(options, handler.name);
  return policyOfCall(handler.policy, options);
}

/**
 * A copy of the options: what a getter returns, or what the caller writes, after the check was not checked. The
 * scheduler must not meet a priority that is no number.
 */
function readOnce(options: TaskOptions): TaskOptions {
  if (typeof options !== 'object' || Array.isArray(options)) {
    // For the check to refuse.
    return options;
  }
  const own: Record<string, unknown> = { ...options };
  if (Object.getPrototypeOf(options) !== Object.prototype) {
    // Options that stand on others count with those.
    for (const name in options) {
      own[name] ??= options[name as keyof TaskOptions];
    }
  }
  const { backoff } = own;
  if (typeof backoff === 'object') {
    own['backoff'] = { ...backoff };
  }
  return own;
}

/** What is handed over with the arguments, if anything. */
function listedTransfers(
  handler: HandlerRecord,
  args: readonly unknown[],
  path: string,
  options: TaskOptions | undefined,
): readonly Transferable[] | undefined {
  if (!Array.isArray(args)) {
    throw new ConfigurationError(
      `${path} of ${handler.name} takes the handler's arguments as an array, one element each`,
      { handler: handler.name },
    );
  }
  const marked = takeTransferList(args);
  return options?.transfer ? [...options.transfer, ...(marked ?? [])] : marked;
}

/** Undefined if they can be sent as they are. */
function inspectArguments(
  handler: HandlerRecord,
  args: readonly unknown[],
  path: string,
  handOver: readonly Transferable[] | undefined,
  options: TaskOptions | undefined,
): Inspection | undefined {
  if (!handOver && flatLength(args) === args.length) {
    // As in most calls, there is nothing in it that could not be cloned.
    return undefined;
  }
  const inspection = inspectOutgoing(args, path, handler.isStrict, handOver);
  if (inspection?.culprit) {
    throw serializationError(inspection.culprit, { uid: options?.uid, handler: handler.name });
  }
  return inspection;
}

/** Encoded at the call, so that an error of `to` is one of the call. */
function encoded(
  handler: HandlerRecord,
  args: readonly unknown[],
  handOver: readonly Transferable[] | undefined,
  options: TaskOptions | undefined,
  path = 'args',
): EncodedValue {
  const subject = { uid: options?.uid, handler: handler.name };
  return encodeValue(args, path, handler.isStrict, subject, handOver);
}

/** A further attempt needs the arguments again, so an attempt before the last one copies them. */
function checkRepeatable(handOver: readonly Transferable[], handler: string): void {
  const culprit = handOver.find((item) => !(item instanceof ArrayBuffer));
  if (culprit !== undefined) {
    throw new ConfigurationError(
      `A task of ${handler} hands over a ${culprit.constructor.name}, which cannot be copied, so it ` +
        'cannot be tried again: use attempts: 1 and crashAttempts: 1',
      { handler },
    );
  }
}
