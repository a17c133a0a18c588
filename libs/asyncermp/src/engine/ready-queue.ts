import type { HandlerRecord } from './handler-record.js';
import { FairQueue } from './fair-queue.js';
import type { Task } from './task.js';

/**
 * The tasks that wait for a worker. Those of a handler with a `concurrency` of its own stand in a line
 * of their own, so that they are passed over at no cost while the handler has all it may have.
 */
export class ReadyQueue {
  readonly #shared = new FairQueue<Task>();
  readonly #bounded = new Map<HandlerRecord, FairQueue<Task>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(task: Task): void {
    this.#queueOf(task).push(task);
    this.#size++;
  }

  /** Gives back a task that was taken and did not begin: it stands where it stood. */
  restore(task: Task): void {
    this.#queueOf(task).restore(task);
    this.#size++;
  }

  remove(task: Task): boolean {
    const removed = this.#queueOf(task).remove(task);
    if (removed) {
      this.#size--;
    }
    return removed;
  }

  reprioritise(task: Task, priority: number): boolean {
    return this.#queueOf(task).reprioritise(task, priority);
  }

  /** The task that is to run next; undefined when none may. */
  peek(): Task | undefined {
    let best = this.#shared.peek();
    for (const [handler, queue] of this.#bounded) {
      const head = handler.semaphore?.available === 0 ? undefined : queue.peek();
      if (head && (!best || isBefore(head, best))) {
        best = head;
      }
    }
    return best;
  }

  /** Takes what {@link peek} gave. */
  take(task: Task): void {
    // Only the head of a line is ever taken, and taking it lets the next key have its turn.
    this.#queueOf(task).take();
    this.#size--;
  }

  /** Empties it. */
  clear(): Task[] {
    const tasks = [this.#shared, ...this.#bounded.values()].flatMap((queue) => queue.clear());
    this.#size = 0;
    return tasks;
  }

  #queueOf({ handler }: Task): FairQueue<Task> {
    if (!handler.semaphore) {
      return this.#shared;
    }
    let queue = this.#bounded.get(handler);
    if (!queue) {
      queue = new FairQueue();
      this.#bounded.set(handler, queue);
    }
    return queue;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.seq < b.seq);
}
