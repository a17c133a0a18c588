const MARK = Symbol.for('nestjs-asyncermp:inside-worker:1');
const shared = globalThis as { [MARK]?: number };

/** Says, once for the thread, that it is a worker of this library. */
export function markWorker(worker: number): void {
  shared[MARK] = worker;
}

/** The number of the worker that this code runs in; undefined in the application itself. */
export function workerNumber(): number | undefined {
  return shared[MARK];
}
