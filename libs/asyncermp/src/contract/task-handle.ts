/**
 * An accepted task. The handle itself is not a promise, so that `submit()` can resolve with it; its
 * `result` is.
 *
 * @example
 * ```ts
 * const task = await mp.submit(ReportService, 'build', [2026]);
 * task.cancel('the user closed the page');
 * await task.result; // rejects with a TaskCancelledError
 * ```
 */
export interface TaskHandle<R = unknown> {
  /** The task's uid, unique among the tasks in flight. */
  readonly uid: string;
  /** The handler's name, `Class.method` by default. */
  readonly handler: string;
  /** The state now. */
  readonly state: TaskState;
  /** Number of attempts so far: 0 before the first one. */
  readonly attempt: number;
  /** The value of the last progress report; undefined before the first one. */
  readonly progress: unknown;
  /** Higher runs first. */
  readonly priority: number;
  /** From acceptance to the start of the last attempt, or until now if none started, in milliseconds. */
  readonly waitMs: number;
  /** How long the last attempt ran, or has run until now, in milliseconds; 0 if none started. */
  readonly runMs: number;
  /**
   * The outcome: resolves with what the handler returned; rejects with what it threw or with an
   * `AsyncerMpError`. A rejection that no code awaits is logged and emitted as an event, and is not an
   * unhandled rejection.
   */
  readonly result: Promise<R>;
  /**
   * Cancels the task. A waiting task never runs. A running handler is asked to stop at once (see
   * `currentTask()`), and its worker is ended if it does not stop within `cancelGrace`. `result` rejects
   * with a `TaskCancelledError`.
   *
   * @param reason - Becomes the `cause` of that error.
   * @returns false if the task had settled already
   */
  cancel(reason?: unknown): boolean;
  /**
   * Changes the priority of a waiting task.
   *
   * @param priority - Any finite number; higher runs first.
   * @returns false if the task no longer waits
   * @throws ConfigurationError unless the priority is a finite number
   */
  reprioritise(priority: number): boolean;
}

/**
 * The state of a task. `queued`: it waits for a worker; `running`: its handler runs; `retrying`: an
 * attempt failed, and the next one waits for its backoff. The other three are final.
 */
export type TaskState = 'queued' | 'running' | 'retrying' | SettledState;

/** The final states. A task reaches exactly one of them, once. */
export type SettledState = 'completed' | 'failed' | 'cancelled';
