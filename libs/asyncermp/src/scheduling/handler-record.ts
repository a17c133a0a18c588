import type { CpuTaskOptions, TaskDefaults } from '../tasks/task-options.js';
import { TaskEvent, taskEventOf } from '../tasks/task.events.js';
import { RunTimeEstimate } from './run-time-estimate.js';
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

/** What the scheduler knows of a handler: shared by all of its tasks. */
export class HandlerRecord {
  /** Bounds the attempts of this handler alone; undefined where only the pool's bound holds. */
  readonly semaphore: Semaphore | undefined;
  readonly runTime = new RunTimeEstimate();
  /** The names of the events that are about this handler only. */
  readonly eventNames: Readonly<Record<TaskEvent, string>>;
  /** What holds for a task of it whose call says nothing else. */
  readonly policy: TaskPolicy;

  constructor(
    readonly name: string,
    /** Its index in the workers' manifest. */
    readonly index: number,
    { concurrency, ...defaults }: CpuTaskOptions,
    moduleDefaults: TaskDefaults,
  ) {
    this.eventNames = Object.fromEntries(
      Object.values(TaskEvent).map((event) => [event, taskEventOf(event, name)]),
    ) as Record<TaskEvent, string>;
    this.semaphore = concurrency === undefined ? undefined : new Semaphore(concurrency);
    this.policy = mergePolicy(mergePolicy(LIBRARY_POLICY, moduleDefaults), defaults);
  }
}
