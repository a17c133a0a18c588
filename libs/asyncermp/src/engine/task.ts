import type { Transferable } from 'node:worker_threads';
import { randomBytes } from 'node:crypto';
import type { Attempt } from '../pool/channels/channel.js';
import type { Lane } from '../pool/lane.js';
import { RunMode, autoUid } from '../protocol/envelope.js';
import type { SettledTask } from './completed-queue.js';
import {
  type TaskSettledEvent,
  TaskCancelledEvent,
  TaskCompletedEvent,
  TaskFailedEvent,
} from '../contract/task-events.js';
import type { SettledState, TaskState } from '../contract/task-handle.js';
import { Cancellation } from './task-errors.js';
import type { HandlerRecord, TaskPolicy } from './handler-record.js';
import {
  settlePromise,
  type Outcome,
  type Resolve,
  pendingRejections,
  type PendingRejection,
} from './settle.js';
import { QueueNode } from './fair-queue.js';
import type { TimerNode } from './deadline-timers.js';
import { monotonicMs, wallClockMs } from '../protocol/monotonic-clock.js';

/** Where a task stands inside the scheduler; a handle shows `sent` as queued or running. */
type Phase = 'new' | 'queued' | 'sent' | 'retrying' | SettledState;

const NONE: readonly never[] = [];

/**
 * One submission of a handler. Its state changes through the transitions below and nowhere else; each
 * is called by the scheduler, which owns the task. There may be a million of them, so that each field
 * counts: what is rare is in the extras, and a promise is made when somebody asks for it.
 */
export class Task extends QueueNode implements Attempt, Outcome, SettledTask, PendingRejection {
  /** Attempts begun or sent, from 0. */
  attempt = 0;
  slot = -1;
  /** The lane that holds an attempt of it. Outlives the outcome where a handler does not let go. */
  lane: Lane<Task> | undefined = undefined;
  /** How long this attempt may well run, in whole microseconds: by a mean that believes a longer run at once. */
  expectedUs = 0;
  /** How long it runs most likely, in whole microseconds. */
  typicalUs = 0;
  /** The last attempt's start, in `monotonicMs`. */
  startedAt: number | undefined = undefined;
  /** In `monotonicMs`. */
  settledAt: number | undefined = undefined;
  readonly handler: HandlerRecord;
  readonly policy: TaskPolicy;
  args: readonly unknown[];
  /** How its arguments are meant. */
  readonly mode: RunMode;
  /** How many calls of the handler it is. */
  readonly items: number;
  #phase: Phase = 'new';
  #value: unknown = undefined;
  #promise: Promise<unknown> | undefined = undefined;
  #resolve: Resolve | undefined = undefined;
  #isWatched = false;
  #extras: TaskExtras | undefined = undefined;

  constructor(
    submission: Submission,
    /** When it was accepted, in `monotonicMs`. */
    public acceptedAt: number,
  ) {
    super(submission.seq, submission.priority, submission.fairnessKey);
    const { handler, policy, args, mode, extras } = submission;
    this.handler = handler;
    this.policy = policy;
    this.args = args;
    this.mode = mode;
    this.items = mode === RunMode.Single ? 1 : args.length;
    if (extras) {
      Object.assign(this.rare, extras);
    }
  }

  /** What most tasks never have, to be written. */
  get rare(): TaskExtras {
    return (this.#extras ??= new TaskExtras());
  }

  /** The caller's own name for it, if it gave one. */
  get givenUid(): string | undefined {
    return this.#extras?.uid;
  }

  get uid(): string {
    return this.givenUid ?? autoUid(UID_PREFIX, this.seq);
  }

  get handlerName(): string {
    return this.handler.name;
  }

  get handlerIndex(): number {
    return this.handler.index;
  }

  get signals(): readonly AbortSignal[] {
    return this.#extras?.signals ?? NONE;
  }

  get progress(): unknown {
    return this.#extras?.progress;
  }

  get failures(): number {
    return this.#extras?.failures ?? 0;
  }

  get crashes(): number {
    return this.#extras?.crashes ?? 0;
  }

  get returns(): number {
    return this.#extras?.returns ?? 0;
  }

  get verdict(): TaskExtras['verdict'] {
    return this.#extras?.verdict;
  }

  get timer(): TaskExtras['timer'] {
    return this.#extras?.timer;
  }

  /** Whether memory goes with its arguments that is gone from here then. */
  get handsOver(): boolean {
    return this.#extras?.handOver !== undefined;
  }

  /** Only the last attempt that there can be hands over: what is gone cannot be tried with again. */
  get transferList(): readonly Transferable[] | undefined {
    if (!this.#extras?.handOver) {
      return undefined;
    }
    const { attempts, crashAttempts } = this.policy;
    const isLast = this.failures + 1 >= attempts && this.crashes + 1 >= crashAttempts;
    return isLast ? this.#extras.handOver : undefined;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get state(): TaskState {
    switch (this.#phase) {
      case 'new':
        return 'queued';
      case 'sent':
        return this.lane?.isStarted(this) ? 'running' : 'queued';
      default:
        return this.#phase;
    }
  }

  get isSettled(): boolean {
    return isSettled(this.#phase);
  }

  /** From acceptance to the start of the last attempt, or to the outcome or now without one, in ms. */
  waitMs(now: number): number {
    return Math.max(0, (this.begunAt ?? now) - this.acceptedAt);
  }

  /** From the start of the last attempt to the outcome, or now, in ms; 0 before the first. */
  runMs(now: number): number {
    return Math.max(0, now - (this.begunAt ?? now));
  }

  /** Attempts that have begun: one that was sent may still be taken back. */
  get begunAttempts(): number {
    return this.#phase === 'sent' && !this.lane?.isStarted(this) ? this.attempt - 1 : this.attempt;
  }

  /** When the last attempt began, also one that still runs; undefined before the first. */
  get begunAt(): number | undefined {
    return this.lane?.startedAt(this) ?? this.startedAt;
  }

  /** It waits for a worker. */
  enqueue(): void {
    this.#phase = 'queued';
  }

  /** An attempt was sent to a worker. */
  sendTo(lane: Lane<Task>): void {
    this.attempt++;
    this.#phase = 'sent';
    this.lane = lane;
  }

  /** No lane has it any more. */
  leaveLane(): void {
    this.lane = undefined;
  }

  /** The attempt never began, and is counted as if it had not been sent. */
  takeBack(): void {
    this.attempt--;
    this.lane = undefined;
    this.#phase = 'queued';
  }

  /** The attempt is over, and another one follows after the backoff. */
  awaitRetry(): void {
    this.rare.verdict = undefined;
    this.#phase = 'retrying';
  }

  /**
   * It has its outcome: a result, an error, or the {@link Cancellation} that has its error. What it was
   * given is let go of.
   */
  settle(state: SettledState, value: unknown, now: number): void {
    // A lane that does not let go yet knows it, and will not be asked later.
    this.startedAt = this.begunAt;
    this.#phase = state;
    this.#value = value;
    this.settledAt = now;
    this.args = NONE;
    if (this.#extras) {
      this.#extras.handOver = undefined;
      this.#extras.verdict = undefined;
    }
    if (this.#resolve) {
      if (state === 'completed') {
        this.tell();
      } else {
        pendingRejections.add(this);
      }
    }
  }

  /** Its caller is told the outcome. */
  tell(): void {
    if (this.#resolve) {
      settlePromise(this.#resolve, this);
      this.#resolve = undefined;
    }
  }

  /** The outcome's result, or its error. */
  get value(): unknown {
    if (this.#value instanceof Cancellation) {
      this.#value = this.#value.errorOf(this);
    }
    return this.#value;
  }

  /** The outcome, as listeners are told of it. */
  get event(): TaskSettledEvent {
    return settledEvent(this);
  }

  /** The outcome, as a promise. */
  get promise(): Promise<unknown> {
    return (this.#promise ??= new Promise((resolve) => {
      if (isSettled(this.#phase)) {
        settlePromise(resolve, this);
      } else {
        this.#resolve = resolve;
      }
    }));
  }

  /** From now on, a rejection that nobody awaits is none: failures are logged and broadcast. */
  watch(): void {
    this.#isWatched = true;
  }

  get watched(): Promise<unknown> | undefined {
    return this.#isWatched ? this.#promise : undefined;
  }
}

function isSettled(phase: Phase): phase is SettledState {
  return phase === 'completed' || phase === 'failed' || phase === 'cancelled';
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

/** What a call may give with a task, beside its arguments and its policy. */
export interface GivenExtras {
  /** The caller's own name for it. */
  readonly uid: string | undefined;
  /** What is to be handed over with the arguments. */
  readonly handOver: readonly Transferable[] | undefined;
  /** What cancels it when it is aborted. */
  readonly signals: readonly AbortSignal[] | undefined;
}

/**
 * What most tasks never have: in a record of its own, made when it is needed, so that a million waiting
 * tasks do not carry it.
 */
export class TaskExtras {
  uid: string | undefined = undefined;
  handOver: readonly Transferable[] | undefined = undefined;
  signals: readonly AbortSignal[] | undefined = undefined;
  progress: unknown = undefined;
  /** Attempts whose failure was the handler's own: an error, or a timeout. */
  failures = 0;
  /** Workers that died under it. */
  crashes = 0;
  /** Workers that died with nothing running, before they had begun it. */
  returns = 0;
  /** Why the attempt on the lane counts as failed although it still runs. */
  verdict: { readonly error: unknown } | undefined = undefined;
  /** The next of its time limits, or the end of its backoff. */
  timer: TimerNode<Task> | undefined = undefined;
}

/** Tells the uids of this process from those of any other that logs to the same place. */
export const UID_PREFIX = `${randomBytes(4).toString('hex')}-`;

let last = 0;

/** The number of the next task: the place in submission order, and a part of its uid. */
export function nextSeq(): number {
  return ++last;
}

/** How a settled task ended, also long after that. */
export function settledEvent(task: Task): TaskSettledEvent {
  const { uid, handlerName, attempt, items, value, settledAt = monotonicMs() } = task;
  const at = wallClockMs(settledAt);
  const waitMs = task.waitMs(settledAt);
  const runMs = task.runMs(settledAt);
  switch (task.state) {
    case 'completed':
      return new TaskCompletedEvent(uid, handlerName, attempt, at, waitMs, runMs, items, value);
    case 'cancelled':
      return new TaskCancelledEvent(uid, handlerName, attempt, at, waitMs, runMs, items, value);
    default:
      return new TaskFailedEvent(uid, handlerName, attempt, at, waitMs, runMs, items, value);
  }
}
