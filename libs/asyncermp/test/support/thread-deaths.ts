import type { Worker } from 'node:worker_threads';

/**
 * Reports when a thread of this process has ended, before the library's own listeners hear of it. It must
 * exist before the application does, since it sees only threads that start later.
 */
export class ThreadDeaths {
  readonly #listeners = new Set<(threadId: number) => void>();
  #alive = 0;
  readonly #onWorker = (worker: Worker): void => {
    const { threadId } = worker;
    this.#alive++;
    worker.prependOnceListener('exit', () => {
      this.#alive--;
      for (const listener of this.#listeners) {
        listener(threadId);
      }
    });
  };

  constructor() {
    process.on('worker', this.#onWorker);
  }

  /** How many threads there are. */
  get alive(): number {
    return this.#alive;
  }

  add(listener: (threadId: number) => void): void {
    this.#listeners.add(listener);
  }

  delete(listener: (threadId: number) => void): void {
    this.#listeners.delete(listener);
  }

  close(): void {
    process.off('worker', this.#onWorker);
  }
}
