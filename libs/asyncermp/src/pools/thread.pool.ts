import { fileURLToPath } from 'node:url';
import type { ResourceLimits, WorkerOptions } from 'node:worker_threads';
import type { WorkerManifest } from '../protocol/envelope.js';
import type { Attempt, Lane, LaneFactory, LaneListener } from './lane.js';
import { ThreadLane } from './thread.lane.js';

/** What every thread of a pool is made with. */
export interface ThreadOptions {
  readonly manifest: WorkerManifest;
  /** What makes a uid of a task's number. */
  readonly uidPrefix: string;
  /** The file that serves a lease, as a path. */
  readonly workerFile: string;
  readonly resourceLimits: ResourceLimits;
  readonly maxHeapBytes: number;
  readonly env: WorkerOptions['env'];
  readonly execArgv: readonly string[] | undefined;
}

/** Lanes on worker threads. */
export class ThreadPool<A extends Attempt> implements LaneFactory<A> {
  readonly #options: ThreadOptions;

  constructor(options: Omit<ThreadOptions, 'workerFile'>) {
    const workerFile = fileURLToPath(new URL('../worker/entry.js', import.meta.url));
    this.#options = { workerFile, ...options };
  }

  create(id: number, listener: LaneListener<A>): Lane<A> {
    return new ThreadLane(id, this.#options, listener);
  }
}
