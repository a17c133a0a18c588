import type { Transferable } from 'node:worker_threads';
import type { Attempt, Lane } from '../pools/lane.js';
import type { SettledState, TaskState } from '../tasks/task-state.js';
import type { HandlerRecord, TaskPolicy } from './handler-record.js';
import { RunMode } from '../protocol/chunk.js';
import { autoUid } from '../protocol/uid.js';
import { OutcomePromise } from './outcome-promise.js';
import { UID_PREFIX } from './task-numbers.js';
import { QueueNode } from './task-queue.js';
import type { TimerNode } from './deadline-timers.js';

/** Where a task stands inside the scheduler; a handle shows `sent` as queued or running. */
type Phase = 'new' | 'queued' | 'sent' | 'retrying' | SettledState;

const NONE: readonly never[] = [];

/**
 * One submission of a handler. Its state changes through the transitions below and nowhere else; each
 * is called by the scheduler, which owns the task.
 */
export class Task extends QueueNode implements Attempt {
  /** Attempts begun or sent, from 0. */
  attempt = 0;
  /** Attempts whose failure was the handler's own: an error, or a timeout. */
  failures = 0;
  /** Workers that died under it. */
  crashes = 0;
  /** Workers that died with nothing running, before they had begun it. */
  returns = 0;
  slot = -1;
  progress: unknown = undefined;
  /** The lane that holds an attempt of it. Outlives the outcome where a handler does not let go. */
  lane: Lane<Task> | undefined = undefined;
  /** How its arguments are meant. */
  readonly mode: RunMode;
  /** How many calls of the handler it is. */
  readonly items: number;
  /** How long this attempt is expected to run, in whole microseconds. */
  expectedUs = 0;
  /** The next of its time limits, or the end of its backoff. */
  timer: TimerNode<Task> | undefined = undefined;
  /** Why the attempt on the lane counts as failed although it still runs. */
  verdict: { readonly error: unknown } | undefined = undefined;
  /** The last attempt's start, in `monotonicMs`; NaN before. */
  startedAt = Number.NaN;
  /** In `monotonicMs`; NaN before. */
  settledAt = Number.NaN;
  args: readonly unknown[];
  /** What is to be handed over with the arguments. */
  handOver: readonly Transferable[] | undefined;
  #signals: readonly AbortSignal[];
  #phase: Phase = 'new';
  #value: unknown = undefined;
  #promised: OutcomePromise | undefined = undefined;

  constructor(
    seq: number,
    /** The caller's own name for it, if it gave one. */
    readonly givenUid: string | undefined,
    readonly handler: HandlerRecord,
    args: readonly unknown[],
    readonly policy: TaskPolicy,
    fairnessKey: string | undefined,
    handOver: readonly Transferable[] | undefined,
    signals: readonly AbortSignal[],
    /** When it was accepted, in `monotonicMs`. */
    public acceptedAt: number,
    mode: RunMode = RunMode.Single,
  ) {
    super(seq, policy.priority, fairnessKey);
    this.args = args;
    this.mode = mode;
    this.items = mode === RunMode.Single ? 1 : args.length;
    this.handOver = handOver;
    this.#signals = signals;
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

  /** Only the last attempt that there can be hands over: what is gone cannot be tried with again. */
  get transferList(): readonly Transferable[] | undefined {
    const { attempts, crashAttempts } = this.policy;
    const isLast = this.failures + 1 >= attempts && this.crashes + 1 >= crashAttempts;
    return isLast ? this.handOver : undefined;
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
    const { begunAt } = this;
    return Math.max(0, (Number.isNaN(begunAt) ? now : begunAt) - this.acceptedAt);
  }

  /** From the start of the last attempt to the outcome, or now, in ms; 0 before the first. */
  runMs(now: number): number {
    const { begunAt } = this;
    return Number.isNaN(begunAt) ? 0 : Math.max(0, now - begunAt);
  }

  /** Attempts that have begun: one that was sent may still be taken back. */
  get begunAttempts(): number {
    return this.#phase === 'sent' && !this.lane?.isStarted(this) ? this.attempt - 1 : this.attempt;
  }

  /** When the last attempt began, also one that still runs; NaN before the first. */
  get begunAt(): number {
    return this.lane?.startedAt(this) ?? this.startedAt;
  }

  /** What cancels it when it is aborted. */
  get signals(): readonly AbortSignal[] {
    return this.#signals;
  }

  /** Nobody listens to them for this task any more. */
  forgetSignals(): void {
    this.#signals = NONE;
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
    this.verdict = undefined;
    this.#phase = 'retrying';
  }

  /** It has its outcome. What it was given is let go of. */
  settle(state: SettledState, value: unknown, now: number): void {
    // A lane that does not let go yet knows it, and will not be asked later.
    this.startedAt = this.begunAt;
    this.#phase = state;
    this.#value = value;
    this.settledAt = now;
    this.args = NONE;
    this.handOver = undefined;
    this.verdict = undefined;
    this.#promised?.settle(state, value);
  }

  /** The outcome's result, or its error. */
  get value(): unknown {
    return this.#value;
  }

  /** The outcome, as a promise. */
  get promise(): Promise<unknown> {
    return this.#outcome.promise;
  }

  /** From now on, a rejection that nobody awaits is none. */
  watch(): void {
    this.#outcome.watch();
  }

  get #outcome(): OutcomePromise {
    if (!this.#promised) {
      this.#promised = new OutcomePromise();
      if (isSettled(this.#phase)) {
        this.#promised.settle(this.#phase, this.#value);
      }
    }
    return this.#promised;
  }
}

function isSettled(phase: Phase): phase is SettledState {
  return phase === 'completed' || phase === 'failed' || phase === 'cancelled';
}
