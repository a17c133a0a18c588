import type { HandlerRecord } from './handler-record.js';
import { comesBefore, FairQueue } from './fair-queue.js';
import type { Task } from './task.js';

/**
 * The tasks that wait for a worker. Those of a handler with a `concurrency` of its own have a queue of their
 * own, which is skipped at no cost while the handler has all its permits in use.
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

  /** Puts back a task that was taken and did not begin: to the place that it had. */
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

  /** The task to run next; undefined if none may run. */
  peek(): Task | undefined {
    let best = this.#shared.peek();
    for (const [handler, queue] of this.#bounded) {
      const head = handler.semaphore?.available === 0 ? undefined : queue.peek();
      if (head && (!best || comesBefore(head, best))) {
        best = head;
      }
    }
    return best;
  }

  /** Takes the task that {@link peek} returned. */
  take(task: Task): void {
    // Only the head is ever taken, which also passes the turn to the next fairness key.
    this.#queueOf(task).take();
    this.#size--;
  }

  /** Empties it; returns what waited. */
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
