import type { Transferable } from 'node:worker_threads';
import { randomBytes } from 'node:crypto';
import type { Attempt } from '../pool/channels/channel.js';
import type { Lane } from '../pool/lane.js';
import { RunMode, autoUid, type SentArgs } from '../protocol/envelope.js';
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
import { settlePromise, type Outcome, type Resolve } from './settle.js';
import { QueueNode } from './fair-queue.js';
import { TRANSITIONS, type TaskPhase, type TaskTransition } from './task-states.js';
import type { TaskHeaders } from '../contract/interceptor.js';
import { monotonicMs, wallClockMs } from '../protocol/monotonic-clock.js';

const NONE: readonly never[] = [];

/**
 * One submission of a handler. Its state changes by the transitions in `task-states.ts`, which only
 * `TaskLifecycle` causes; everything else reads. A million tasks may wait, so each field counts: what few
 * tasks have is in the extras, and the promise is made when it is asked for.
 */
export class Task extends QueueNode implements Attempt, Outcome, SettledTask {
  /** Which attempt was sent last, from 1; 0 before the first. */
  attempt = 0;
  /** Written by the lane that holds it. */
  slot = -1;
  /** The lane that holds an attempt of it; also after the outcome, where a handler does not let go. */
  lane: Lane<Task> | undefined = undefined;
  /** How long the attempt may run, in whole nanoseconds: a mean that follows longer runs at once. */
  expectedNs = 0;
  /** How long most runs take, in whole nanoseconds. */
  typicalNs = 0;
  /** The last attempt's start, in `monotonicMs`. */
  startedAt: number | undefined = undefined;
  /** In `monotonicMs`. */
  settledAt: number | undefined = undefined;
  /** In `monotonicMs`; until the task is accepted, when it was submitted. */
  acceptedAt: number;
  readonly handler: HandlerRecord;
  readonly policy: TaskPolicy;
  args: SentArgs;
  #phase: TaskPhase = 'admitting';
  #value: unknown = undefined;
  #promise: Promise<unknown> | undefined = undefined;
  #resolve: Resolve | undefined = undefined;
  #isWatched = false;
  #extras: TaskExtras | undefined = undefined;

  constructor({ handler, policy, args, mode, items, priority, fairnessKey, extras }: Submission) {
    super(nextSeq(), priority, fairnessKey);
    this.acceptedAt = monotonicMs();
    this.handler = handler;
    this.policy = policy;
    this.args = args;
    if (extras) {
      Object.assign(this.rare, extras);
    }
    if (mode !== RunMode.Single) {
      this.rare.mode = mode;
      this.rare.items = items;
    }
  }

  /** What few tasks have, to be written. */
  get rare(): TaskExtras {
    return (this.#extras ??= new TaskExtras());
  }

  /** Itself: what its caller holds, unless that is one of several callers. */
  get task(): this {
    return this;
  }

  /** The uid that the caller gave, if it gave one. */
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

  /** What its arguments are: those of one call, or those of several. */
  get mode(): RunMode {
    return this.#extras?.mode ?? RunMode.Single;
  }

  /** How many calls of the handler it is. */
  get items(): number {
    return this.#extras?.items ?? 1;
  }

  get signals(): readonly AbortSignal[] {
    return this.#extras?.signals ?? NONE;
  }

  dropSignals(): void {
    this.rare.signals = undefined;
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

  /** Why an attempt that still runs counts as failed. */
  get overrunError(): unknown {
    return this.#extras?.overrunError;
  }

  get headers(): TaskHeaders | undefined {
    return this.#extras?.headers;
  }

  get timer(): TaskExtras['timer'] {
    return this.#extras?.timer;
  }

  /** Whether memory is handed over with its arguments. */
  get handsOver(): boolean {
    return this.#extras?.handOver !== undefined;
  }

  /** Only the last possible attempt hands over: what was handed over is not here for another one. */
  get transferList(): readonly Transferable[] | undefined {
    if (!this.#extras?.handOver) {
      return undefined;
    }
    const { attempts, crashAttempts } = this.policy;
    const isLast = this.failures + 1 >= attempts && this.crashes + 1 >= crashAttempts;
    return isLast ? this.#extras.handOver : undefined;
  }

  get phase(): TaskPhase {
    return this.#phase;
  }

  get state(): TaskState {
    switch (this.#phase) {
      case 'admitting':
        return 'queued';
      case 'sent':
        return this.#hasBegun ? 'running' : 'queued';
      case 'stopping':
        return 'running';
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

  /** Attempts that have begun: one that was sent may still be revoked. */
  get begunAttempts(): number {
    return this.#phase === 'sent' && !this.#hasBegun ? this.attempt - 1 : this.attempt;
  }

  /** Of a task that is sent. Its lane has let go of it while the outcome of an attempt is dealt with. */
  get #hasBegun(): boolean {
    return this.lane?.isStarted(this) ?? true;
  }

  /** When the last attempt began, also one that still runs; undefined before the first. */
  get begunAt(): number | undefined {
    return this.lane?.startedAt(this) ?? this.startedAt;
  }

  // ---- transitions, caused by the lifecycle alone

  accept(now: number): void {
    this.#move('accept');
    this.acceptedAt = now;
  }

  send(lane: Lane<Task>): void {
    this.#move('send');
    this.attempt++;
    this.lane = lane;
  }

  /** The attempt never began, and does not count. */
  revoke(): void {
    this.#move('revoke');
    this.attempt--;
    this.lane = undefined;
  }

  /** @param error - What the attempt fails with once the worker has let go of it. */
  overrun(error: unknown): void {
    this.#move('overrun');
    this.rare.overrunError = error;
  }

  retry(): void {
    this.#move('retry');
    this.rare.overrunError = undefined;
  }

  requeue(): void {
    this.#move('requeue');
  }

  /**
   * The caller's promise resolves at once. It rejects by {@link deliver}, since many may be rejected together.
   *
   * @param value - A result, an error, or the {@link Cancellation} that makes the error.
   */
  settle(state: SettledState, value: unknown, now: number): void {
    // Read before the state changes: a lane that still holds the attempt may be gone when it is asked for.
    const startedAt = this.begunAt;
    this.#move(SETTLING[state]);
    this.startedAt = startedAt;
    this.#value = value;
    this.settledAt = now;
    this.args = NONE;
    if (this.#extras) {
      this.#extras.handOver = undefined;
      this.#extras.overrunError = undefined;
    }
    if (state === 'completed') {
      this.deliver();
    }
  }

  #move(transition: TaskTransition): void {
    const next = TRANSITIONS[transition][this.#phase];
    if (next === undefined) {
      throw new Error(`Task ${this.uid} is ${this.#phase}, and cannot ${transition}`);
    }
    this.#phase = next;
  }

  /** No lane has an attempt of it any more. */
  leaveLane(): void {
    this.lane = undefined;
  }

  // ---- the outcome

  /** Settles the caller's promise. */
  deliver(): void {
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

  /** The outcome, as an event. */
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

  /** From now on, a rejection that is not awaited is no unhandled rejection: it is logged and broadcast. */
  watch(): void {
    this.#isWatched = true;
  }

  get watched(): Promise<unknown> | undefined {
    return this.#isWatched ? this.#promise : undefined;
  }
}

function isSettled(phase: TaskPhase): phase is SettledState {
  return phase === 'completed' || phase === 'failed' || phase === 'cancelled';
}

const SETTLING = {
  completed: 'complete',
  failed: 'fail',
  cancelled: 'cancel',
} as const satisfies Record<SettledState, TaskTransition>;

/** What a task is made of: a call that was checked. */
interface Submission {
  readonly handler: HandlerRecord;
  readonly policy: TaskPolicy;
  readonly args: SentArgs;
  readonly mode: RunMode;
  /** How many calls of the handler it is. */
  readonly items: number;
  readonly priority: number;
  readonly fairnessKey: string | undefined;
  readonly extras: GivenExtras | undefined;
}

/** What few calls give. */
export interface GivenExtras {
  readonly uid: string | undefined;
  /** What is handed over with the arguments. */
  readonly handOver: readonly Transferable[] | undefined;
  /** What cancels the task. */
  readonly signals: readonly AbortSignal[] | undefined;
  readonly headers: TaskHeaders | undefined;
}

/** What few tasks have: in a record of its own, made when it is needed. */
class TaskExtras {
  uid: string | undefined = undefined;
  handOver: readonly Transferable[] | undefined = undefined;
  signals: readonly AbortSignal[] | undefined = undefined;
  headers: TaskHeaders | undefined = undefined;
  mode: RunMode = RunMode.Single;
  items = 1;
  progress: unknown = undefined;
  /** Attempts that failed by an error of the handler, or a timeout. */
  failures = 0;
  /** Workers that died under it. */
  crashes = 0;
  /** Workers that died with nothing running, before they had begun it. */
  returns = 0;
  /** What a `stopping` task fails with. */
  overrunError: unknown = undefined;
  /** Its next time limit, or the end of its backoff. */
  timer: NodeJS.Timeout | undefined = undefined;
}

/** Distinguishes the uids of this process from those of others that log to the same place. */
export const UID_PREFIX = `${randomBytes(4).toString('hex')}-`;

let last = 0;

/** The number of the next task: its place in submission order, and a part of its uid. */
function nextSeq(): number {
  return ++last;
}

/** How a settled task ended, also long after that. */
function settledEvent(task: Task): TaskSettledEvent {
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
