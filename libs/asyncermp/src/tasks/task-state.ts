/**
 * Where a task stands. `queued`: waits for a worker; `running`: a handler works on it; `retrying`: an
 * attempt failed and the next one waits for its backoff; the other three are final.
 */
export type TaskState = 'queued' | 'running' | 'retrying' | SettledState;

/** The final states: a task gets exactly one of them, once. */
export type SettledState = 'completed' | 'failed' | 'cancelled';
