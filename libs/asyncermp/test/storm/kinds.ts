import { transfer, type TaskOptions } from 'nestjs-asyncermp';
import type { StormService } from '../.fixtures/storm.service.js';
import type { Random } from '../support/random.js';
import {
  anyOf,
  cancelled,
  completed,
  failed,
  refused,
  timedOut,
  type Permitted,
} from './outcome.js';

/** The handlers of `StormService`. */
export type Method = keyof StormService;

/** One task of a storm: its submission, what happens to it, and its permitted outcomes. */
export interface Plan {
  readonly index: number;
  readonly kind: string;
  readonly method: Method;
  readonly args: readonly unknown[];
  readonly options: TaskOptions;
  readonly permitted: Permitted;
  /** Cancels the task this many milliseconds after its submission. */
  readonly cancelAfter?: number;
  /** The priority that the task is given once it is accepted. */
  readonly reprioritise?: number;
  /** Submits the task a second time at once. */
  readonly twin?: { readonly onDuplicate: 'reject' | 'join' };
}

/** The part of a plan that depends on the kind of its task. */
export type Made = Omit<Plan, 'index' | 'kind'>;
/** Makes tasks of one kind. */
export type Kind = (index: number, random: Random, shared: SharedArrayBuffer) => Made;

export const plain =
  (method: Method, ...more: unknown[]): Kind =>
  (index, _random, shared) => ({
    method,
    args: [shared, index, ...more],
    options: {},
    permitted: completed(index, 1),
  });

/** The common kinds, with their share in percent. */
export const COMMON: Record<string, [share: number, make: Kind]> = {
  quick: [36, plain('quick')],
  slow: [8, (index, random, shared) => plain('slow', random.below(3_000))(index, random, shared)],
  waiting: [5, (index, random, shared) => plain('waiting', random.below(6))(index, random, shared)],
  bounded: [
    9,
    (index, random, shared) => plain('bounded', random.below(900))(index, random, shared),
  ],
  progress: [
    4,
    (index, random, shared) => plain('progress', random.below(90))(index, random, shared),
  ],
  failing: [
    7,
    (index, random, shared) => ({
      ...plain('fail')(index, random, shared),
      permitted: failed({ name: 'RangeError', message: `task ${index}`, task: index }, 1),
    }),
  ],
  retrying: [
    8,
    (index, random, shared) => {
      const needed = 2 + random.below(3);
      const attempts = 2 + random.below(2);
      const delay = random.below(8);
      return {
        ...plain('failUntil', needed)(index, random, shared),
        options: {
          attempts,
          backoff: random.below(2) ? delay : { type: 'exponential', delay },
        },
        permitted:
          needed <= attempts
            ? completed(index, needed)
            : failed({ name: 'RangeError', message: `task ${index}` }, attempts),
      };
    },
  ],
  uncloneableResult: [
    3,
    (index, random, shared) => ({
      ...plain('uncloneable')(index, random, shared),
      permitted: failed({ code: 'ASYNCERMP_SERIALIZATION', path: 'result.deep[0]' }, 1),
    }),
  ],
  uncloneableArgument: [
    3,
    (index, _random, shared) => ({
      method: 'quick',
      args: [shared, index, { callback: () => {} }],
      options: {},
      permitted: refused({ code: 'ASYNCERMP_SERIALIZATION', path: 'args[2].callback' }),
    }),
  ],
  handOver: [
    4,
    (index, _random, shared) => {
      const bytes = new Uint8Array(64).fill(index % 251);
      return {
        method: 'handOver',
        args: [shared, index, transfer(bytes)],
        options: {},
        permitted: anyOf(
          completed(new Uint8Array(64).fill(index % 251), 1),
          // Its worker ended before the task had begun: transferred memory cannot be sent again.
          failed({ code: 'ASYNCERMP_WORKER_CRASHED' }, 0),
        ),
      };
    },
  ],
  cancelled: [
    5,
    (index, random, shared) => ({
      method: random.below(2) ? 'untilCancelled' : 'untilAborted',
      args: [shared, index],
      options: {},
      cancelAfter: random.below(15),
      permitted: cancelled('storm', 1),
    }),
  ],
  timingOut: [
    4,
    (index, random, shared) => {
      const attempts = 1 + random.below(2);
      return {
        method: random.below(2) ? 'untilCancelled' : 'untilAborted',
        args: [shared, index],
        options: { timeout: 2 + random.below(10), attempts },
        permitted: timedOut('run', attempts),
      };
    },
  ],
  duplicate: [
    4,
    (index, random, shared) => ({
      ...plain('slow', 200)(index, random, shared),
      options: { uid: `storm-${index}` },
      twin: { onDuplicate: random.below(2) ? 'reject' : 'join' },
    }),
  ],
};

/** The kinds that cost a worker, and are rare therefore. */
export const RARE: Record<string, Kind> = {
  exiting: (index, random, shared) => ({
    ...plain('exit', 9)(index, random, shared),
    permitted: failed({ code: 'ASYNCERMP_WORKER_CRASHED', reason: 'exit', exitCode: 1 }, 1),
  }),
  exitingOnce: (index, random, shared) => ({
    ...plain('exit', 2)(index, random, shared),
    options: { crashAttempts: 2, backoff: random.below(5) },
    permitted: completed(index, 2),
  }),
  stubborn: (index, random, shared) => ({
    method: 'stubborn',
    args: [shared, index],
    options: {},
    cancelAfter: 5 + random.below(15),
    permitted: cancelled('storm', 1),
  }),
  stuck: (index, _random, shared) => ({
    method: 'stubborn',
    args: [shared, index],
    options: { timeout: 20 },
    permitted: timedOut('run', 1),
  }),
  leavingBlocked: (index, random, shared) =>
    plain('leaveBlocked', random.below(3) === 0 ? Infinity : random.below(300))(
      index,
      random,
      shared,
    ),
  eatingMemory: (index, random, shared) => ({
    ...plain('eatMemory')(index, random, shared),
    permitted: failed({ code: 'ASYNCERMP_WORKER_CRASHED', reason: 'out-of-memory' }, 1),
  }),
};
