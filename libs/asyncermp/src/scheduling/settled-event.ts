import { monotonicMs, wallClockMs } from '../protocol/monotonic-clock.js';
import {
  TaskCancelledEvent,
  TaskCompletedEvent,
  TaskFailedEvent,
  type TaskSettledEvent,
} from '../tasks/task.events.js';
import type { Task } from './task.js';

/** How a settled task ended, also long after that. */
export function settledEvent(task: Task): TaskSettledEvent {
  const { uid, handlerName, attempt, items, value, settledAt = monotonicMs() } = task;
  const at = wallClockMs(settledAt);
  const waitMs = task.waitMs(settledAt);
  const runMs = task.runMs(settledAt);
  switch (task.state) {
    case 'completed':
      return new TaskCompletedEvent(uid, handlerName, attempt, at, waitMs, runMs, items, value);
    case 'cancelled':
      return new TaskCancelledEvent(uid, handlerName, attempt, at, waitMs, runMs, items, value);
    default:
      return new TaskFailedEvent(uid, handlerName, attempt, at, waitMs, runMs, items, value);
  }
}
