import type { Worker } from 'node:worker_threads';

/**
 * Tells when a thread of this process is gone, before anybody else hears of it. Made before the application
 * is, since it knows only of threads that come later.
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
