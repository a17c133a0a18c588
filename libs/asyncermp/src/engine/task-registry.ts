import { autoUidSeq } from '../protocol/envelope.js';
import { RecentItems } from './recent-items.js';
import { roughBytes, roughBytesOfOwn } from './rough-bytes.js';
import { Cancellation } from './task-errors.js';
import { UID_PREFIX, type Task } from './task.js';

/** Which settled tasks are kept. */
export interface RetainLimits {
  /** How many tasks that completed or were cancelled, and for how many milliseconds. */
  readonly retain: { readonly count: number; readonly age: number };
  /** The same for tasks that failed. */
  readonly retainFailed: { readonly count: number; readonly age: number };
  /** About how many MB each of the two may take. */
  readonly retainMemory: number;
}

/** Finds tasks by uid: those in flight, and the last ones that settled. */
export class TaskRegistry {
  /** Tasks whose caller gave a uid. */
  readonly #named = new Map<string, Task>();
  readonly #numbered = new SeqIndex<Task>();
  readonly #settled: RecentItems<Task>;
  /** Apart, so that no number of tasks that went well takes the place of one that is to be looked into. */
  readonly #failed: RecentItems<Task>;

  constructor({ retain, retainFailed, retainMemory: megabytes }: RetainLimits) {
    const onDropped = (task: Task) => this.forget(task);
    const { count, age: ageMs } = retain;
    this.#settled = new RecentItems({ count, ageMs, megabytes }, onDropped);
    const failed = { count: retainFailed.count, ageMs: retainFailed.age, megabytes };
    this.#failed = new RecentItems(failed, onDropped);
  }

  get(uid: string): Task | undefined {
    const named = this.#named.get(uid);
    if (named) {
      return named;
    }
    const seq = autoUidSeq(UID_PREFIX, uid);
    return seq === undefined ? undefined : this.#numbered.get(seq);
  }

  /** The task with this uid that is not settled. */
  inFlight(uid: string): Task | undefined {
    const task = this.get(uid);
    return task?.isSettled ? undefined : task;
  }

  add(task: Task): void {
    if (task.givenUid === undefined) {
      this.#numbered.set(task.seq, task);
    } else {
      this.#named.set(task.givenUid, task);
    }
  }

  /** The task is no longer found. */
  forget(task: Task): void {
    const { givenUid } = task;
    if (givenUid === undefined) {
      this.#numbered.delete(task.seq);
    } else if (this.#named.get(givenUid) === task) {
      this.#named.delete(givenUid);
    }
  }

  /** @param bytes - What {@link settledBytes} estimates for the task. */
  settled(task: Task, bytes: number): void {
    (task.phase === 'failed' ? this.#failed : this.#settled).put(task, bytes);
  }

  /** The tasks in flight, in the order of their submission. */
  unsettled(): Task[] {
    return [...this.#named.values(), ...this.#numbered]
      .filter((task) => !task.isSettled)
      .sort((a, b) => a.seq - b.seq);
  }
}

/** A settled task with its uid and its event, without its result. */
const TASK_BYTES = 500;

/**
 * About how many bytes a settled task keeps from being freed.
 *
 * @param value - Its result, its error or its {@link Cancellation}. The error of a cancellation is not made for this.
 */
export function settledBytes(task: Task, value: unknown): number {
  const bytes = TASK_BYTES + roughBytes(task.progress);
  if (task.phase !== 'cancelled') {
    return bytes + roughBytes(value);
  }
  return bytes + (value instanceof Cancellation ? value.bytes : roughBytesOfOwn(value));
}

const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;

interface Chunk<T> {
  readonly items: (T | undefined)[];
  count: number;
}

/**
 * A map from ascending numbers to items of which many come and go: an array of 1,024 places for each stretch
 * of numbers that is in use. Every operation is O(1). A `Map` of numbers costs 0.3 us more for each task that
 * comes and goes (set and delete, with 1,000 settled tasks retained), and 30 bytes for each that waits.
 */
class SeqIndex<T> {
  readonly #chunks = new Map<number, Chunk<T>>();
  /** The chunk that was written to last, and its number: most tasks live in it. */
  #latest: Chunk<T> | undefined = undefined;
  #latestNumber = -1;

  get(seq: number): T | undefined {
    return this.#chunk(Math.floor(seq / CHUNK_SIZE))?.items[seq % CHUNK_SIZE];
  }

  set(seq: number, item: T): void {
    const number = Math.floor(seq / CHUNK_SIZE);
    let chunk = this.#chunk(number);
    if (!chunk) {
      chunk = { items: [], count: 0 };
      this.#chunks.set(number, chunk);
      this.#latest = chunk;
      this.#latestNumber = number;
    }
    const index = seq % CHUNK_SIZE;
    if (chunk.items[index] === undefined) {
      chunk.count++;
    }
    // The numbers between belong to tasks that are kept elsewhere.
    while (chunk.items.length < index) {
      chunk.items.push(undefined);
    }
    chunk.items[index] = item;
  }

  delete(seq: number): void {
    const number = Math.floor(seq / CHUNK_SIZE);
    const chunk = this.#chunk(number);
    const index = seq % CHUNK_SIZE;
    if (chunk?.items[index] === undefined) {
      return;
    }
    chunk.items[index] = undefined;
    if (--chunk.count === 0) {
      this.#chunks.delete(number);
      if (this.#latestNumber === number) {
        this.#latestNumber = -1;
      }
    }
  }

  *[Symbol.iterator](): Generator<T> {
    for (const { items } of this.#chunks.values()) {
      for (const item of items) {
        if (item !== undefined) {
          yield item;
        }
      }
    }
  }

  #chunk(number: number): Chunk<T> | undefined {
    return number === this.#latestNumber ? this.#latest : this.#chunks.get(number);
  }
}
