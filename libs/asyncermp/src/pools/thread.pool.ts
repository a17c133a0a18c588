import type { ResourceLimits, WorkerOptions } from 'node:worker_threads';
import type { WorkerManifest } from '../protocol/envelope.js';
import { entryFile } from '../worker/entry-file.js';
import { loadsPlainly } from './loads-plainly.js';
import type { Attempt, Lane, LaneFactory, LaneListener } from './lane.js';
import { ThreadLane } from './thread.lane.js';
import { WorkerImage, type ImageStorage } from './worker-image.js';

/** What every thread of a pool is made with. */
export interface ThreadOptions {
  readonly manifest: WorkerManifest;
  /** What makes a uid of a task's number. */
  readonly uidPrefix: string;
  /** The file that serves a lease, as a path; undefined in a bundle, which serves it itself. */
  readonly entryFile: string | undefined;
  /** What workers need not load file by file; undefined where they do. */
  readonly image: WorkerImage | undefined;
  readonly resourceLimits: ResourceLimits;
  readonly maxHeapBytes: number;
  readonly env: WorkerOptions['env'];
  readonly execArgv: readonly string[] | undefined;
}

/** Lanes on worker threads. */
export class ThreadPool<A extends Attempt> implements LaneFactory<A> {
  readonly #options: ThreadOptions;

  /** @param preload Whether workers are given an image of what they all load, where that can be. */
  constructor(options: Omit<ThreadOptions, 'entryFile' | 'image'>, preload: boolean | 'memory') {
    const { execArgv, env } = options;
    const file = entryFile();
    const mayPreload = loadsPlainly(execArgv, typeof env === 'object' ? env : process.env);
    this.#options = {
      ...options,
      entryFile: file,
      image:
        preload !== false && mayPreload && file !== undefined
          ? WorkerImage.of(file, storageFor(preload))
          : undefined,
    };
  }

  create(id: number, listener: LaneListener<A>): Lane<A> {
    return new ThreadLane(id, this.#options, listener);
  }
}

/** `NODE_DISABLE_COMPILE_CACHE` is Node's own word for it. */
function storageFor(preload: true | 'memory'): ImageStorage {
  return preload === true && !process.env['NODE_DISABLE_COMPILE_CACHE'] ? 'disk' : 'memory';
}
