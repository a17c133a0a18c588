import { RunMode } from '../protocol/chunk.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import {
  DuplicateTaskError,
  QueueFullError,
  ShutdownError,
  TaskCancelledError,
} from '../tasks/errors.js';
import type { TaskOptions } from '../tasks/task-options.js';
import { Admission } from './admission.js';
import { cancelScopeSignal } from './cancel-scope.js';
import type { HandlerRecord } from './handler-record.js';
import { resolveCall, resolveItems, type ResolvedCall } from './submission.js';
import { nextSeq } from './task-numbers.js';
import { Task } from './task.js';
import { subjectOf } from './task-errors.js';
import type { TaskLifecycle } from './task-lifecycle.js';
import type { TaskRegistry } from './task-registry.js';

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
