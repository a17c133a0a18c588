import { threadState } from '../protocol/thread-state.js';

const thread = threadState('inside-worker:1', (): { worker?: number } => ({}));

/** Marks this thread as a worker of this library, once. */
export function markWorker(worker: number): void {
  thread.worker = worker;
}

/** The number of the worker that this code runs in; undefined in the application itself. */
export function workerNumber(): number | undefined {
  return thread.worker;
}
