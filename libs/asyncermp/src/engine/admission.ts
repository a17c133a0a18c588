import type { Transferable } from 'node:worker_threads';
import { RunMode } from '../protocol/envelope.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import {
  DuplicateTaskError,
  QueueFullError,
  ShutdownError,
  TaskCancelledError,
  ConfigurationError,
} from '../contract/errors.js';
import { type TaskOptions, checkTaskOptions } from '../contract/task-options.js';
import { cancelScopeSignal } from './abort-signals.js';
import { type HandlerRecord, policyOfCall, type TaskPolicy } from './handler-record.js';
import { nextSeq, Task } from './task.js';
import { subjectOf } from './task-errors.js';
import type { TaskLifecycle } from './task-lifecycle.js';
import type { TaskRegistry } from './task-registry.js';
import { flatLength, serializationError, findUncloneable } from '../protocol/uncloneable.js';
import { takeTransferList } from '../protocol/transfer.js';

/** When a submission finds the queue full, and what it gets then. */
export interface IntakeOptions {
  readonly maxQueue: number;
  readonly onFull: 'reject' | 'wait';
}

/** Turns submissions into accepted tasks, or turns them away. */
export class Intake {
  readonly #admission = new Admission();
  #isClosed = false;
  #isAdmitting = false;

  constructor(
    private readonly lifecycle: TaskLifecycle,
    private readonly registry: TaskRegistry,
    private readonly options: IntakeOptions,
  ) {}

  /** How many submissions wait for room. */
  get waiting(): number {
    return this.#admission.size;
  }

  /**
   * Accepts a task at once, or promises to when there is room.
   * @throws (some of them as a rejection) ShutdownError, ConfigurationError, TaskSerializationError,
   * DuplicateTaskError, QueueFullError, TaskCancelledError
   */
  accept(
    handler: HandlerRecord,
    args: readonly unknown[],
    options: TaskOptions | undefined,
  ): Task | Promise<Task> {
    this.#checkOpen(handler, options);
    const call = resolveCall(handler, args, options);
    return this.#admit(handler, args, call, options, RunMode.Single);
  }

  /** The same for one task that calls the handler with each of several items. */
  acceptItems(
    handler: HandlerRecord,
    items: readonly (readonly unknown[])[],
    first: number,
    mode: RunMode,
    options: TaskOptions | undefined,
  ): Task | Promise<Task> {
    this.#checkOpen(handler, options);
    const call = resolveItems(handler, items, first, options);
    const args = mode === RunMode.Single ? (items[0] ?? []) : items;
    return this.#admit(handler, args, call, options, mode);
  }

  #checkOpen(handler: HandlerRecord, options: TaskOptions | undefined): void {
    if (this.#isClosed) {
      throw new ShutdownError({ uid: options?.uid, handler: handler.name }, 'submitted');
    }
  }

  #admit(
    handler: HandlerRecord,
    args: readonly unknown[],
    { policy, handOver }: ResolvedCall,
    options: TaskOptions | undefined,
    mode: RunMode,
  ): Task | Promise<Task> {
    const subject = { uid: options?.uid, handler: handler.name };
    const other = options?.uid === undefined ? undefined : this.registry.inFlight(options.uid);
    if (other) {
      if (policy.onDuplicate === 'join' && other.handler === handler) {
        return other.phase === 'new' ? this.#admission.join(other) : other;
      }
      throw new DuplicateTaskError(subject);
    }
    const signals = signalsOf(options);
    const aborted = signals?.find((signal) => signal.aborted);
    if (aborted) {
      throw new TaskCancelledError(subject, aborted.reason);
    }
    const uid = options?.uid;
    const task = new Task(
      {
        seq: nextSeq(),
        handler,
        args,
        policy,
        priority: options?.priority ?? policy.priority,
        fairnessKey: options?.fairnessKey,
        mode,
        extras: uid === undefined && !handOver && !signals ? undefined : { uid, handOver, signals },
      },
      monotonicMs(),
    );
    if (this.#admission.size > 0 || !this.#hasRoom) {
      return this.#waitForRoom(task);
    }
    this.lifecycle.announce(task);
    this.lifecycle.enter(task);
    return task;
  }

  /** Lets in who waits, as far as there is room. */
  admit(): void {
    if (this.#isAdmitting) {
      return;
    }
    // Who is let in may at once make room for the next: a loop, where each would call the other.
    this.#isAdmitting = true;
    while (this.#admission.size > 0 && this.#hasRoom) {
      const task = this.#admission.next();
      if (task) {
        this.lifecycle.enter(task);
      }
    }
    this.#isAdmitting = false;
  }

  /** False if the task does not wait to be let in. */
  refuse(task: Task, error: unknown): boolean {
    return this.#admission.refuse(task, error);
  }

  /** Turns away who waits, and whoever comes. */
  close(): void {
    this.#isClosed = true;
    for (const task of this.#admission.tasks()) {
      this.lifecycle.withhold(task);
      this.#admission.refuse(task, new ShutdownError(subjectOf(task), 'submitted'));
    }
  }

  /** A task that finds a permit free does not wait, except for its worker to start. */
  get #hasRoom(): boolean {
    const { queue, dispatcher } = this.lifecycle;
    return queue.size - dispatcher.semaphore.available < this.options.maxQueue;
  }

  #waitForRoom(task: Task): Promise<Task> {
    if (this.options.onFull === 'reject') {
      throw new QueueFullError(this.options.maxQueue, subjectOf(task));
    }
    this.lifecycle.announce(task);
    return this.#admission.join(task);
  }
}

/** The call's own signal, and that of the scope around it. */
function signalsOf(options: TaskOptions | undefined): readonly AbortSignal[] | undefined {
  const scope = cancelScopeSignal();
  const own = options?.signal;
  if (own === undefined || own === scope) {
    return scope && [scope];
  }
  return scope === undefined ? [own] : [own, scope];
}

/** What the options of one call come to. */
export interface ResolvedCall {
  readonly policy: TaskPolicy;
  readonly handOver: readonly Transferable[] | undefined;
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

interface Waiter {
  readonly admitted: Promise<Task>;
  readonly resolve: (task: Task) => void;
  readonly reject: (error: unknown) => void;
}

/** Submissions that wait until the queue has room (`onFull: 'wait'`): first come, first served. */
export class Admission {
  readonly #waiters = new Map<Task, Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  /** Settles when the task is let in, or rejects when it is turned away. */
  join(task: Task): Promise<Task> {
    const known = this.#waiters.get(task);
    if (known) {
      return known.admitted;
    }
    let resolve: Waiter['resolve'] = () => {};
    let reject: Waiter['reject'] = () => {};
    const admitted = new Promise<Task>((onAdmitted, onRefused) => {
      resolve = onAdmitted;
      reject = onRefused;
    });
    this.#waiters.set(task, { admitted, resolve, reject });
    return admitted;
  }

  /** Lets the first one in, if there is one. */
  next(): Task | undefined {
    const [first] = this.#waiters;
    if (!first) {
      return undefined;
    }
    const [task, { resolve }] = first;
    this.#waiters.delete(task);
    resolve(task);
    return task;
  }

  /** Turns one away; false if it does not wait here. */
  refuse(task: Task, error: unknown): boolean {
    const waiter = this.#waiters.get(task);
    this.#waiters.delete(task);
    waiter?.reject(error);
    return waiter !== undefined;
  }

  /** Those who wait, first come first. */
  tasks(): Task[] {
    return [...this.#waiters.keys()];
  }
}
