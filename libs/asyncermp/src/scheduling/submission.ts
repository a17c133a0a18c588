import type { Transferable } from 'node:worker_threads';
import { flatLength } from '../protocol/array-scan.js';
import { serializationError } from '../protocol/serialization-error.js';
import type { RunMode } from '../protocol/chunk.js';
import { takeTransferList } from '../protocol/transfer.js';
import { findUncloneable } from '../protocol/uncloneable.js';
import { ConfigurationError } from '../tasks/errors.js';
import type { TaskOptions } from '../tasks/task-options.js';
import { checkTaskOptions } from '../tasks/task-options.rules.js';
import { policyOfCall, type HandlerRecord, type TaskPolicy } from './handler-record.js';
import type { GivenExtras } from './task-extras.js';

/** What the options of one call come to. */
export interface ResolvedCall {
  readonly policy: TaskPolicy;
  readonly handOver: readonly Transferable[] | undefined;
}

/** What a submission comes to. */
export interface Submission {
  readonly seq: number;
  readonly handler: HandlerRecord;
  readonly args: readonly unknown[];
  readonly policy: TaskPolicy;
  readonly priority: number;
  readonly fairnessKey: string | undefined;
  readonly mode: RunMode;
  readonly extras: GivenExtras | undefined;
}

/**
 * Checks a call's options and arguments, and lays the options over those of the handler.
 * @throws ConfigurationError, TaskSerializationError
 */
export function resolveCall(
  handler: HandlerRecord,
  args: readonly unknown[],
  options: TaskOptions | undefined,
): ResolvedCall {
  const policy = policyOf(handler, options);
  const handOver = checkArguments(handler, args, 'args', options);
  return checked(handler, { policy, handOver });
}

/**
 * The same for a call of the handler with each of several items, the first of which is number `first`.
 * @throws ConfigurationError, TaskSerializationError
 */
export function resolveItems(
  handler: HandlerRecord,
  items: readonly (readonly unknown[])[],
  first: number,
  options: TaskOptions | undefined,
): ResolvedCall {
  const policy = policyOf(handler, options);
  const handOver = items.flatMap(
    (args, index) => checkArguments(handler, args, `items[${first + index}]`, options) ?? [],
  );
  return checked(handler, { policy, handOver: handOver.length > 0 ? handOver : undefined });
}

function policyOf(handler: HandlerRecord, options: TaskOptions | undefined): TaskPolicy {
  if (!options) {
    return handler.policy;
  }
  checkTaskOptions(options, handler.name);
  return policyOfCall(handler.policy, options);
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
    // Nothing in it that could not be cloned, as in most calls.
    return undefined;
  }
  const culprit = findUncloneable(args, path, handOver);
  if (culprit) {
    throw serializationError(culprit, { uid: options?.uid, handler: handler.name });
  }
  return handOver;
}

function checked(handler: HandlerRecord, call: ResolvedCall): ResolvedCall {
  const { policy, handOver } = call;
  if (handOver && (policy.attempts > 1 || policy.crashAttempts > 1)) {
    checkRepeatable(handOver, handler.name);
  }
  return call;
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
