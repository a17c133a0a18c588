import type { Task } from './task.js';

/** Whom the lifecycle tells what concerns intake. */
export interface LifecycleListener {
  /** A task has left the queue, so there may be room for another one. */
  onRoom(): void;
  /** Nothing is in flight any more. */
  onIdle(): void;
  /** Turns away a task that was never let in; false if it does not wait to be. */
  refuse(task: Task, error: unknown): boolean;
}

/** How many tasks there were, and what became of them. */
export interface TaskCounts {
  accepted: number;
  completed: number;
  failed: number;
  cancelled: number;
  retried: number;
}
