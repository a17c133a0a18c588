import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildImage } from '../../preload/build-image.js';
import { ImageStore } from '../../preload/image-store.js';
import type { ModuleImage } from '../../preload/module-image.js';
import type { LogLine } from '../../protocol/envelope.js';
import { filesOfImage } from '../../worker/image-files.js';

/** Whether the image is kept for the next start of the application. */
export type ImageStorage = 'disk' | 'memory';

/**
 * The image of what every worker loads: made or read once in a process, when its first pool is made, and
 * shared by all workers.
 */
export class WorkerImage {
  static #only: WorkerImage | undefined = undefined;

  #image: ModuleImage | undefined;
  readonly #store: ImageStore | undefined;

  private constructor(entries: readonly string[], storage: ImageStorage) {
    const makers = join(ownDirectory(entries), 'preload');
    this.#store = storage === 'disk' ? new ImageStore(entries, makers) : undefined;
    this.#image = this.#store?.read() ?? build(entries);
  }

  /** @param entryFile The file that is run in a thread, as a path. */
  static of(entryFile: string, storage: ImageStorage): WorkerImage {
    const { library, serveLease } = filesOfImage(pathToFileURL(entryFile).href);
    return (WorkerImage.#only ??= new WorkerImage([library, serveLease], storage));
  }

  /** Undefined where workers load their files one by one. */
  get image(): ModuleImage | undefined {
    return this.#image;
  }

  /** What V8 made of the script in a worker, for those that are started from now on. */
  keep(codeCache: SharedArrayBuffer): void {
    if (this.#image) {
      const compiled = { ...this.#image, codeCache };
      this.#image = compiled;
      this.#store?.write(compiled);
    }
  }

  /** A worker could not run it. */
  drop(): void {
    this.#image = undefined;
  }
}

/** Undefined where a file is installed that an image cannot hold: workers load it as it is. */
function build(entries: readonly string[]): ModuleImage | undefined {
  try {
    return buildImage(entries, ownDirectory(entries) + sep);
  } catch {
    return undefined;
  }
}

/** Where this library lies. */
function ownDirectory([library = '']: readonly string[]): string {
  return dirname(library);
}

/** What the log says of a worker that could not run the image. */
export function imageFailed(error: string): LogLine {
  return {
    message:
      'A worker could not run the image of what workers load (the option preload), and loads it file by ' +
      `file, as all workers will from now on: ${error}`,
    context: undefined,
    extra: [],
    uid: undefined,
    handler: undefined,
  };
}
