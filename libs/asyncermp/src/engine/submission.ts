import type { Transferable } from 'node:worker_threads';

import { ConfigurationError } from '../contract/errors.js';
import type { SubmitExtras } from '../contract/interceptor.js';
import { checkTaskOptions, type TaskOptions } from '../contract/task-options.js';
import { RunMode } from '../protocol/envelope.js';
import { takeTransferList } from '../protocol/transfer.js';
import { findUncloneable, flatLength, serializationError } from '../protocol/uncloneable.js';
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
  const handOver = checkArguments(handler, args, 'args', own);
  return makeTask(handler, args, RunMode.Single, policy, handOver, own, extras);
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
  const handOver = items.flatMap(
    (args, index) => checkArguments(handler, args, `items[${first + index}]`, own) ?? [],
  );
  return makeTask(
    handler,
    mode === RunMode.Single ? (items[0] ?? []) : items,
    mode,
    policy,
    handOver.length > 0 ? handOver : undefined,
    own,
    extras,
  );
}

function makeTask(
  handler: HandlerRecord,
  args: readonly unknown[],
  mode: RunMode,
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

/** Returns what is handed over with the arguments, if anything. */
function checkArguments(
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
  const handOver = options?.transfer ? [...options.transfer, ...(marked ?? [])] : marked;
  if (!handOver && flatLength(args) === args.length) {
    // As in most calls, there is nothing in it that could not be cloned.
    return undefined;
  }
  const culprit = findUncloneable(args, path, handOver);
  if (culprit) {
    throw serializationError(culprit, { uid: options?.uid, handler: handler.name });
  }
  return handOver;
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
