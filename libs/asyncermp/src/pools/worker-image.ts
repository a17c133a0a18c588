import { pathToFileURL } from 'node:url';
import { buildImage } from '../preload/build-image.js';
import type { ModuleImage } from '../preload/module-image.js';
import { filesOfImage } from '../worker/image-files.js';

/**
 * The image of what every worker loads: made once in a process, when its first pool is made, and shared
 * by all workers.
 */
export class WorkerImage {
  #image: ModuleImage | undefined;

  private constructor(image: ModuleImage | undefined) {
    this.#image = image;
  }

  /** @param entryFile The file that is run in a thread, as a path. */
  static of(entryFile: string): WorkerImage {
    return (WorkerImage.#only ??= new WorkerImage(build(entryFile)));
  }

  static #only: WorkerImage | undefined = undefined;

  /** Undefined where workers load their files one by one. */
  get image(): ModuleImage | undefined {
    return this.#image;
  }

  /** What V8 made of the script in a worker, for those that are started from now on. */
  keep(codeCache: SharedArrayBuffer): void {
    if (this.#image) {
      this.#image = { ...this.#image, codeCache };
    }
  }

  /** A worker could not run it. */
  drop(): void {
    this.#image = undefined;
  }
}

/** Undefined where a file is installed that an image cannot hold: workers load it as it is. */
function build(entryFile: string): ModuleImage | undefined {
  const { library, serveLease } = filesOfImage(pathToFileURL(entryFile).href);
  try {
    return buildImage([library, serveLease]);
  } catch {
    return undefined;
  }
}
