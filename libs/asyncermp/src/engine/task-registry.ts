import { autoUidSeq } from '../protocol/envelope.js';
import { RecentItems } from './recent-items.js';
import { UID_PREFIX, type Task } from './task.js';

/** Finds tasks by uid: those in flight, and the last ones that settled. */
export class TaskRegistry {
  /** Those whose caller gave a uid. */
  readonly #named = new Map<string, Task>();
  readonly #numbered = new SeqIndex<Task>();
  readonly #settled: RecentItems<Task>;

  /**
   * @param retain - How many settled tasks are kept.
   * @param maxMegabytes - About how much memory their results may take together.
   */
  constructor(retain: number, maxMegabytes: number) {
    this.#settled = new RecentItems(retain, maxMegabytes, (task) => this.forget(task));
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

  /** The task is settled, with a result of about so many bytes. */
  settled(task: Task, bytes: number): void {
    this.#settled.put(task, bytes);
  }

  /** Those in flight, in the order of their submission. */
  unsettled(): Task[] {
    return [...this.#named.values(), ...this.#numbered]
      .filter((task) => !task.isSettled)
      .sort((a, b) => a.seq - b.seq);
  }
}

const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;

interface Chunk<T> {
  readonly items: (T | undefined)[];
  count: number;
}

/**
 * A map from numbers that are given out in order to what carries them, for very many that come and go:
 * an array of 1,024 for each stretch of numbers of which any is there. Every operation is O(1), at a
 * tenth of the cost of a `Map` of strings.
 */
export class SeqIndex<T> {
  readonly #chunks = new Map<number, Chunk<T>>();
  /** The chunk that was written to last, and its number: most tasks live in it all their life. */
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
    // What lies between was given to tasks that are kept elsewhere.
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
