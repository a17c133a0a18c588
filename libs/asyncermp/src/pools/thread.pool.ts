import type { ResourceLimits, WorkerOptions } from 'node:worker_threads';
import type { WorkerManifest } from '../protocol/envelope.js';
import { entryFile } from '../worker/entry-file.js';
import type { Attempt, Lane, LaneFactory, LaneListener } from './lane.js';
import { ThreadLane } from './thread.lane.js';

/** What every thread of a pool is made with. */
export interface ThreadOptions {
  readonly manifest: WorkerManifest;
  /** What makes a uid of a task's number. */
  readonly uidPrefix: string;
  /** The file that serves a lease, as a path; undefined in a bundle, which serves it itself. */
  readonly entryFile: string | undefined;
  readonly resourceLimits: ResourceLimits;
  readonly maxHeapBytes: number;
  readonly env: WorkerOptions['env'];
  readonly execArgv: readonly string[] | undefined;
}

/** Lanes on worker threads. */
export class ThreadPool<A extends Attempt> implements LaneFactory<A> {
  readonly #options: ThreadOptions;

  constructor(options: Omit<ThreadOptions, 'entryFile'>) {
    this.#options = { entryFile: entryFile(), ...options };
  }

  create(id: number, listener: LaneListener<A>): Lane<A> {
    return new ThreadLane(id, this.#options, listener);
  }
}
