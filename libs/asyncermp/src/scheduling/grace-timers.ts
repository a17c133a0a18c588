import type { Member } from '../pools/member.js';
import { LONGEST_TIMER_MS } from '../protocol/monotonic-clock.js';
import type { Task } from './task.js';

/** Gives handlers that were told to stop the time to do so: at most one timer for each worker. */
export class GraceTimers {
  readonly #timers = new Map<Task, NodeJS.Timeout | undefined>();

  /**
   * @param ms - The time, in milliseconds; Infinity for as long as it takes.
   * @param onOver - Called with the worker whose handler did not stop.
   */
  constructor(
    private readonly ms: number,
    private readonly onOver: (member: Member<Task>) => void,
  ) {}

  start(task: Task, member: Member<Task>): void {
    if (this.ms !== Infinity && !this.#timers.has(task)) {
      const end = (): void => {
        if (this.#timers.delete(task)) {
          this.onOver(member);
        }
      };
      // When this thread was blocked, the worker's word that it let go may be waiting behind the timer.
      const over = (): NodeJS.Immediate => setImmediate(end);
      if (this.ms === 0) {
        // A timer would take a millisecond.
        this.#timers.set(task, undefined);
        over();
      } else {
        this.#timers.set(task, setTimeout(over, Math.min(this.ms, LONGEST_TIMER_MS)));
      }
    }
  }

  /** The worker has let go of the task. */
  stop(task: Task): void {
    if (this.#timers.size > 0) {
      clearTimeout(this.#timers.get(task));
      this.#timers.delete(task);
    }
  }
}
