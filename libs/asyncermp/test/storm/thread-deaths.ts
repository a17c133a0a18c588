import type { Worker } from 'node:worker_threads';

/**
 * Tells when a thread of this process has died, before anybody else hears of it: before the pool gives its
 * permit to another one. Made before the application is, since it knows only of threads that come later.
 */
export class ThreadDeaths {
  readonly #listeners = new Set<(threadId: number) => void>();
  readonly #onWorker = (worker: Worker): void => {
    const { threadId } = worker;
    worker.prependOnceListener('exit', () => {
      for (const listener of this.#listeners) {
        listener(threadId);
      }
    });
  };

  constructor() {
    process.on('worker', this.#onWorker);
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
