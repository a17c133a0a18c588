/** What `AsyncerMpService.stats()` returns: a snapshot. Computed only when it is asked for. */
export interface PoolStats {
  /** The most attempts that run at once. */
  readonly maxProcesses: number;
  /** Number of tasks that wait for a worker. */
  readonly waiting: number;
  /** Number of workers that run an attempt, and so of attempts that run. */
  readonly running: number;
  /** Number of tasks that failed an attempt and wait for the next one (their backoff). */
  readonly retrying: number;
  /** Number of submissions that wait for room in the queue (`onFull: 'wait'`). */
  readonly admitting: number;
  /** Tasks accepted since the start. */
  readonly accepted: number;
  /** Accepted tasks that completed. */
  readonly completed: number;
  /** Accepted tasks that failed. */
  readonly failed: number;
  /** Accepted tasks that were cancelled. */
  readonly cancelled: number;
  /** Attempts that failed and were followed by another one. */
  readonly retried: number;
  /** Number of workers, by what they do. */
  readonly workers: {
    /** Importing the handlers' files and building their providers. */
    readonly starting: number;
    /** Ready, with nothing to run. */
    readonly idle: number;
    /** Running an attempt, also those that are replaced when it is over. */
    readonly busy: number;
    /**
     * Released or killed, and not gone yet. A thread in a native call cannot be interrupted: a worker that has
     * not ended one second after it was killed is replaced, and counted here until the call returns.
     */
    readonly ending: number;
  };
  /** True between `pause()` and `resume()`. */
  readonly paused: boolean;
}
