/**
 * An accepted task. The handle is not itself a promise, so that `submit` can resolve with it; `result`
 * is one.
 */
export interface TaskHandle<R = unknown> {
  /** The task's name among those in flight. */
  readonly uid: string;
  /** The handler's name, `Class.method` by default. */
  readonly handler: string;
  /** Where the task stands now. */
  readonly state: TaskState;
  /** Attempts so far: 0 before the first one. */
  readonly attempt: number;
  /** What the handler last reported; undefined before. */
  readonly progress: unknown;
  /** Higher is taken first. */
  readonly priority: number;
  /** From acceptance to the start of the last attempt, or until now without one, in milliseconds. */
  readonly waitMs: number;
  /** How long the last attempt ran, or runs until now, in milliseconds; 0 without one. */
  readonly runMs: number;
  /**
   * The outcome: what the handler returned, or a rejection with what it threw or an `AsyncerMpError`.
   * A rejection that nobody awaits is logged and broadcast, and is not an unhandled rejection.
   */
  readonly result: Promise<R>;
  /**
   * Cancels the task: a waiting one never runs, a running one is told at once and ended after
   * `cancelGrace`. The outcome is a `TaskCancelledError` whose `cause` is the reason.
   * @returns false if the task had settled already
   */
  cancel(reason?: unknown): boolean;
  /**
   * Gives a waiting task another priority.
   * @returns false if the task no longer waits
   * @throws ConfigurationError for anything but a finite number
   */
  reprioritise(priority: number): boolean;
}

/**
 * Where a task stands. `queued`: waits for a worker; `running`: a handler works on it; `retrying`: an
 * attempt failed and the next one waits for its backoff; the other three are final.
 */
export type TaskState = 'queued' | 'running' | 'retrying' | SettledState;

/** The final states: a task gets exactly one of them, once. */
export type SettledState = 'completed' | 'failed' | 'cancelled';
