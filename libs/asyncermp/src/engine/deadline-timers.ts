import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import { IndexedHeap, type HeapItem } from './indexed-heap.js';

/** How finely deadlines are told apart, in milliseconds. */
const TICK_MS = 4;

/** A Node timer, as far as it is needed here. It holds the process from the start. */
export interface Alarm {
  ref(): void;
  unref(): void;
  cancel(): void;
}

/** Runs a function once after a delay in milliseconds. */
export type Schedule = (run: () => void, delayMs: number) => Alarm;

/** The seams and the one choice of {@link DeadlineTimers}. */
export interface DeadlineTimersOptions {
  /**
   * Whether a deadline to come keeps the process alive. Default false: a running task does so by its
   * worker. Right for the pause before a retry, during which nothing else may be alive.
   */
  readonly ref?: boolean;
  /** The clock, in milliseconds. Default `monotonicMs`. */
  readonly now?: () => number;
  /** What wakes the timers. Default `setTimeout`. */
  readonly schedule?: Schedule;
}

/**
 * All time limits on one Node timer, because a timer for each task costs more than a short task.
 *
 * Promises: a value is handed over at or after its deadline, never before, and at most one tick of
 * 4 ms plus the lateness of a Node timer after it; in order of ticks, and within one by order of
 * addition; once, and not after it was cancelled. What is cancelled is not held.
 *
 * Invariant: there is a bucket for exactly the ticks that have nodes, and unless the timers are just
 * handing over, one wake-up is armed no later than the first of them.
 * Cost: `add` and `cancel` are O(1), with O(log t) for the first and the last node of a tick among t.
 */
export class DeadlineTimers<T extends object> {
  readonly #onDue: (value: T) => void;
  readonly #ref: boolean;
  readonly #now: () => number;
  readonly #schedule: Schedule;
  readonly #buckets = new Map<number, TimerBucket<T>>();
  readonly #order = new IndexedHeap<TimerBucket<T>>();
  readonly #wake = (): void => this.#handOver();
  #alarm: Alarm | undefined = undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #passedTick = Number.NEGATIVE_INFINITY;
  #size = 0;

  constructor(onDue: (value: T) => void, options: DeadlineTimersOptions = {}) {
    this.#onDue = onDue;
    this.#ref = options.ref ?? false;
    this.#now = options.now ?? monotonicMs;
    this.#schedule = options.schedule ?? nodeAlarm;
  }

  /** How many deadlines are to come. */
  get size(): number {
    return this.#size;
  }

  /** Hands the value over once the clock says `at`, which is a finite time and may be past. */
  add(at: number, value: T): TimerNode<T> {
    // A callback that adds what is due already must not keep the hand-over going for ever.
    const tick = Math.max(Math.ceil(at / TICK_MS), this.#passedTick + 1);
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) {
      bucket = new TimerBucket<T>(tick);
      this.#buckets.set(tick, bucket);
      this.#order.add(bucket);
    }
    const node = bucket.add(value);
    this.#size += 1;
    const dueAt = tick * TICK_MS;
    if (dueAt < this.#armedFor) {
      this.#arm(dueAt);
    } else if (this.#ref && this.#size === 1) {
      this.#alarm?.ref();
    }
    return node;
  }

  /** Calls a deadline off. False if it has passed or was called off before. */
  cancel(node: TimerNode<T>): boolean {
    const bucket = node.bucket;
    if (bucket === undefined) {
      return false;
    }
    this.#remove(node, bucket);
    // The alarm stays: one wake-up for nothing is cheaper than a new alarm for every short task. But it
    // must not hold a process that has nothing left to wait for.
    if (this.#ref && this.#size === 0) {
      this.#alarm?.unref();
    }
    return true;
  }

  /** Calls every deadline off and lets go of the Node timer. What is added later starts afresh. */
  close(): void {
    while (this.#size > 0) {
      this.#takeFirst(Number.POSITIVE_INFINITY);
    }
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #remove(node: TimerNode<T>, bucket: TimerBucket<T>): void {
    bucket.remove(node);
    this.#size -= 1;
    if (bucket.first !== undefined) {
      return;
    }
    this.#buckets.delete(bucket.rank);
    this.#order.remove(bucket);
  }

  /** The earliest value, taken out, if its tick is not after the given one. */
  #takeFirst(lastTick: number): T | undefined {
    const bucket = this.#order.first;
    const node = bucket?.first;
    if (bucket === undefined || node === undefined || bucket.rank > lastTick) {
      return undefined;
    }
    const { value } = node;
    this.#remove(node, bucket);
    return value;
  }

  #handOver(): void {
    this.#alarm = undefined;
    // Nothing is armed by what callbacks add: the one wake-up they may all need is armed at the end.
    this.#armedFor = Number.NEGATIVE_INFINITY;
    const tick = Math.floor(this.#now() / TICK_MS);
    this.#passedTick = tick;
    // One by one, since a callback may call off the next, add another, or close it all.
    for (let value = this.#takeFirst(tick); value !== undefined; value = this.#takeFirst(tick)) {
      this.#tell(value);
    }
    this.#armedFor = Number.POSITIVE_INFINITY;
    const next = this.#order.first;
    if (next !== undefined) {
      this.#arm(next.rank * TICK_MS);
    }
  }

  #tell(value: T): void {
    try {
      this.#onDue(value);
    } catch (error) {
      // Uncaught as from any timer, but only after the other deadlines had their turn.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #arm(dueAt: number): void {
    this.#alarm?.cancel();
    const now = this.#now();
    // Up, since a timer cuts fractions off and would wake just before the tick, for nothing.
    const delayMs = Math.min(Math.max(Math.ceil(dueAt - now), 1), LONGEST_TIMER_MS);
    this.#armedFor = Math.max(dueAt, now);
    this.#alarm = this.#schedule(this.#wake, delayMs);
    if (!this.#ref) {
      this.#alarm.unref();
    }
  }
}

function nodeAlarm(run: () => void, delayMs: number): Alarm {
  let immediate: NodeJS.Immediate | undefined;
  // After what workers have sent in the meantime: when this thread was blocked, a task may have been
  // done in time and its answer be waiting behind the timer.
  const wake = (): void => {
    immediate = setImmediate(run);
  };
  const timeout = setTimeout(wake, delayMs);
  return {
    ref: () => void timeout.ref(),
    unref: () => void timeout.unref(),
    cancel: () => {
      clearTimeout(timeout);
      clearImmediate(immediate);
    },
  };
}

/** A deadline to come, as its adder may keep it to call it off. Holds nothing once it is off or past. */
export class TimerNode<T extends object> {
  value: T | undefined;
  /** The bucket the node is in. This and the links are written by the bucket only. */
  bucket: TimerBucket<T> | undefined;
  previous: TimerNode<T> | undefined;
  next: TimerNode<T> | undefined = undefined;

  constructor(value: T, bucket: TimerBucket<T>, previous: TimerNode<T> | undefined) {
    this.value = value;
    this.bucket = bucket;
    this.previous = previous;
  }
}

/** The deadlines of one tick, in the order of their addition. Everything is O(1). */
export class TimerBucket<T extends object> implements HeapItem {
  /** The tick. */
  readonly rank: number;
  heapIndex = -1;
  #first: TimerNode<T> | undefined = undefined;
  #last: TimerNode<T> | undefined = undefined;

  constructor(tick: number) {
    this.rank = tick;
  }

  get first(): TimerNode<T> | undefined {
    return this.#first;
  }

  add(value: T): TimerNode<T> {
    const last = this.#last;
    const node = new TimerNode(value, this, last);
    if (last === undefined) {
      this.#first = node;
    } else {
      last.next = node;
    }
    this.#last = node;
    return node;
  }

  /** Takes out a node that is in this bucket, and makes it let go of its value. */
  remove(node: TimerNode<T>): void {
    const { previous, next } = node;
    if (previous === undefined) {
      this.#first = next;
    } else {
      previous.next = next;
    }
    if (next === undefined) {
      this.#last = previous;
    } else {
      next.previous = previous;
    }
    node.value = undefined;
    node.bucket = undefined;
    node.previous = undefined;
    node.next = undefined;
  }
}
