import { autoUidSeq } from '../protocol/envelope.js';
import { RecentItems } from './recent-items.js';
import { UID_PREFIX, type Task } from './task.js';

/** Finds tasks by uid: those in flight, and the last ones that settled. */
export class TaskRegistry {
  /** Tasks whose caller gave a uid. */
  readonly #named = new Map<string, Task>();
  readonly #numbered = new Map<number, Task>();
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

  /** @param bytes - About how much memory the result of the settled task takes. */
  settled(task: Task, bytes: number): void {
    this.#settled.put(task, bytes);
  }

  /** The tasks in flight, in the order of their submission. */
  unsettled(): Task[] {
    return [...this.#named.values(), ...this.#numbered.values()]
      .filter((task) => !task.isSettled)
      .sort((a, b) => a.seq - b.seq);
  }
}
