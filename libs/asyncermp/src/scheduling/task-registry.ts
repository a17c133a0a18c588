import type { Task } from './task.js';

/** Finds tasks by uid: those in flight, and the last ones that settled. */
export class TaskRegistry {
  readonly #tasks = new Map<string, Task>();
  /** The settled ones that are kept, as a ring: the oldest makes room for the next. */
  readonly #settled: Task[] = [];
  #oldest = 0;

  /** @param retain - How many settled tasks are kept. */
  constructor(private readonly retain: number) {}

  get(uid: string): Task | undefined {
    return this.#tasks.get(uid);
  }

  /** The task with this uid that is not settled. */
  inFlight(uid: string): Task | undefined {
    const task = this.#tasks.get(uid);
    return task?.isSettled ? undefined : task;
  }

  add(task: Task): void {
    this.#tasks.set(task.uid, task);
  }

  /** The task was never accepted. */
  forget(task: Task): void {
    if (this.#tasks.get(task.uid) === task) {
      this.#tasks.delete(task.uid);
    }
  }

  settled(task: Task): void {
    if (this.retain === 0) {
      this.forget(task);
    } else if (this.#settled.length < this.retain) {
      this.#settled.push(task);
    } else {
      const oldest = this.#settled[this.#oldest];
      this.#settled[this.#oldest] = task;
      this.#oldest = (this.#oldest + 1) % this.retain;
      if (oldest) {
        this.forget(oldest);
      }
    }
  }

  /** Those in flight. */
  *unsettled(): Generator<Task> {
    for (const task of this.#tasks.values()) {
      if (!task.isSettled) {
        yield task;
      }
    }
  }
}
