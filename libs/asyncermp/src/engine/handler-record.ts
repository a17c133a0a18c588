import { cancelledText } from '../contract/errors.js';
import type { TaskHandler } from '../contract/backend.js';
import type { TaskDefaults } from '../contract/task-options.js';
import { TaskEvent, taskEventOf } from '../contract/task-events.js';
import type { LostClass } from '../protocol/lost-classes.js';
import { Semaphore } from './semaphore.js';

/** The options of a task that the scheduler acts on, with everything filled in. */
export type TaskPolicy = Required<Omit<TaskDefaults, 'backoff' | 'retryOn' | 'priority'>> &
  Pick<TaskDefaults, 'backoff' | 'retryOn'> & {
    readonly priority: number;
    /** Whether there is any time limit. */
    readonly isLimited: boolean;
  };

const LIBRARY_POLICY: TaskPolicy = {
  priority: 0,
  timeout: Infinity,
  queueTimeout: Infinity,
  deadline: Infinity,
  attempts: 1,
  crashAttempts: 1,
  onDuplicate: 'reject',
  isLimited: false,
};

/** The given options over those that hold otherwise; what is undefined counts as left out. */
export function mergePolicy(base: TaskPolicy, given: TaskDefaults): TaskPolicy {
  const backoff = given.backoff ?? base.backoff;
  const retryOn = given.retryOn ?? base.retryOn;
  const timeout = given.timeout ?? base.timeout;
  const queueTimeout = given.queueTimeout ?? base.queueTimeout;
  const deadline = given.deadline ?? base.deadline;
  return {
    priority: given.priority ?? base.priority,
    timeout,
    queueTimeout,
    deadline,
    isLimited: Math.min(timeout, queueTimeout, deadline) !== Infinity,
    attempts: given.attempts ?? base.attempts,
    crashAttempts: given.crashAttempts ?? base.crashAttempts,
    onDuplicate: given.onDuplicate ?? base.onDuplicate,
    ...(backoff !== undefined && { backoff }),
    ...(retryOn !== undefined && { retryOn }),
  };
}

const POLICY_OPTIONS = [
  'timeout',
  'queueTimeout',
  'deadline',
  'attempts',
  'crashAttempts',
  'onDuplicate',
  'backoff',
  'retryOn',
] as const satisfies readonly (keyof TaskDefaults)[];

/** The policy of a call: that of its handler, which most tasks share, unless the call says otherwise. */
export function policyOfCall(handler: TaskPolicy, given: TaskDefaults): TaskPolicy {
  return POLICY_OPTIONS.some((option) => given[option] !== undefined)
    ? mergePolicy(handler, given)
    : handler;
}

/** What the scheduler knows of a handler, shared by all of its tasks. */
export class HandlerRecord {
  readonly name: string;
  /** Its index in the workers' manifest. */
  readonly index: number;
  /** Bounds the attempts of this handler alone; undefined where only the pool's bound holds. */
  readonly semaphore: Semaphore | undefined;
  readonly runTime = new RunTimeEstimate();
  /** The names of the events of this handler only. */
  readonly eventNames: Readonly<Record<TaskEvent, string>>;
  #cancelled: { readonly reason: string | undefined; readonly text: string } | undefined =
    undefined;
  /** The policy of its tasks, where a call has no options of its own. */
  readonly policy: TaskPolicy;
  /** Whether arguments lose no class. */
  readonly isStrict: boolean;
  /** Called with each class that arguments lose for the first time. */
  readonly onLost: (lost: LostClass, handler: string) => void;

  constructor(
    { name, index, options: { concurrency, strictClasses, ...defaults } }: TaskHandler,
    moduleDefaults: TaskDefaults,
    isStrict: boolean,
    onLost: (lost: LostClass, handler: string) => void,
  ) {
    this.isStrict = strictClasses ?? isStrict;
    this.onLost = onLost;
    this.name = name;
    this.index = index;
    this.eventNames = Object.fromEntries(
      Object.values(TaskEvent).map((event) => [event, taskEventOf(event, name)]),
    ) as Record<TaskEvent, string>;
    this.semaphore = concurrency === undefined ? undefined : new Semaphore(concurrency);
    this.policy = mergePolicy(mergePolicy(LIBRARY_POLICY, moduleDefaults), defaults);
  }

  /**
   * The text of errors of tasks that are cancelled for this reason. Tasks that are cancelled together share the
   * string, which saves 120 bytes and a quarter of the time for each error (100,000 of them, Node 20).
   */
  cancelledText(reason: unknown): string {
    const given = typeof reason === 'string' ? reason : undefined;
    if (this.#cancelled === undefined || this.#cancelled.reason !== given) {
      this.#cancelled = { reason: given, text: cancelledText(this.name, given) };
    }
    return this.#cancelled.text;
  }
}

/** No estimate before this many runs: the first ones also pay for compilation and caches. */
const FEWEST_SAMPLES = 4;
const RISING_WEIGHT = 0.5;
const FALLING_WEIGHT = 0.1;
const TYPICAL_WEIGHT = 0.1;
/** The least step by which the typical run grows: an estimate of 0 could never grow otherwise. */
const LEAST_RISE_MS = 0.001;

/**
 * How long a handler's runs take: an exponentially weighted mean that follows longer runs at once, and
 * shorter ones only after some of them.
 *
 * It is asymmetric, because the two errors do not cost the same. If a long handler is taken for a short one,
 * tasks are prefetched to a worker that is busy for long, while others idle; the opposite error costs a round
 * trip.
 */
export class RunTimeEstimate {
  #meanMs = 0;
  #typicalMs = 0;
  #samples = 0;

  /** How many runs were recorded. */
  get samples(): number {
    return this.#samples;
  }

  /** The mean in milliseconds; Infinity while too few runs are known to call the handler a short one. */
  get meanMs(): number {
    return this.#samples < FEWEST_SAMPLES ? Infinity : this.#meanMs;
  }

  /**
   * What most runs take, in milliseconds: a run in which the thread had to wait, or collected garbage,
   * hardly counts. Infinity while too few runs are known.
   */
  get typicalMs(): number {
    return this.#samples < FEWEST_SAMPLES ? Infinity : this.#typicalMs;
  }

  /** Records the duration of one run, in milliseconds. */
  record(ms: number): void {
    this.#samples += 1;
    if (this.#samples === 1) {
      this.#meanMs = ms;
      this.#typicalMs = ms;
      return;
    }
    const believed = Math.min(ms, 2 * this.#typicalMs + LEAST_RISE_MS);
    this.#typicalMs += (believed - this.#typicalMs) * TYPICAL_WEIGHT;
    const difference = ms - this.#meanMs;
    this.#meanMs += difference * (difference > 0 ? RISING_WEIGHT : FALLING_WEIGHT);
  }
}
