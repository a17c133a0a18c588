import type { PoolLog } from '../tasks/pool-log.js';
import { backoffDelayMs } from './backoff.js';
import type { Task } from './task.js';

/**
 * Counts a failure of the handler, and says after which pause the task is tried again, in milliseconds;
 * undefined if it is not.
 */
export function pauseAfterFailure(task: Task, error: unknown, log: PoolLog): number | undefined {
  const { attempts, retryOn, backoff } = task.policy;
  task.rare.failures++;
  if (task.failures >= attempts) {
    return undefined;
  }
  try {
    if (retryOn && !retryOn(error)) {
      return undefined;
    }
  } catch (thrown) {
    log.retryOnThrew(task.uid, task.handlerName, thrown);
    return undefined;
  }
  return backoffDelayMs(backoff, task.failures);
}

/** The same for a worker that died under the task, which has a count of its own. */
export function pauseAfterCrash(task: Task): number | undefined {
  const { crashAttempts, backoff } = task.policy;
  task.rare.crashes++;
  return task.crashes < crashAttempts ? backoffDelayMs(backoff, task.crashes) : undefined;
}
