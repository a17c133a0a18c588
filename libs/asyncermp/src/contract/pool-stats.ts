/** What `AsyncerMpService.stats()` tells: a snapshot, free of cost until it is asked for. */
export interface PoolStats {
  /** The most attempts that run at once. */
  readonly maxProcesses: number;
  /** Tasks that wait for a worker. */
  readonly waiting: number;
  /** Workers that have an attempt in hand: attempts that run now. */
  readonly running: number;
  /** Tasks that wait for the end of their backoff. */
  readonly retrying: number;
  /** Submissions that wait for room in the queue (`onFull: 'wait'`). */
  readonly admitting: number;
  /** Tasks accepted since the start. */
  readonly accepted: number;
  /** Of those, how many completed. */
  readonly completed: number;
  /** Of those, how many failed. */
  readonly failed: number;
  /** Of those, how many were cancelled. */
  readonly cancelled: number;
  /** Attempts that were followed by another one. */
  readonly retried: number;
  /** The workers there are. */
  readonly workers: {
    /** Workers that import the handlers' files and build their providers. */
    readonly starting: number;
    /** Workers that are ready and have nothing to do. */
    readonly idle: number;
    /** Workers that have an attempt in hand, and those that finish one before they are replaced. */
    readonly busy: number;
  };
  /** Whether `pause()` holds. */
  readonly paused: boolean;
}
