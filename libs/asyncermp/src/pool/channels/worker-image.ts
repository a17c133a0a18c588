import { dirname, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildImage } from '../../preload/build-image.js';
import type { ModuleImage } from '../../preload/module-image.js';
import type { LogLine } from '../../protocol/envelope.js';
import { filesOfImage } from '../../worker/image-files.js';

/** The image of what every worker of an application loads, built when its pool is made. */
export class WorkerImage {
  #image: ModuleImage | undefined;

  /** @param entryFile - The file that is run in a thread, as a path. */
  constructor(entryFile: string) {
    const { library, serveLease } = filesOfImage(pathToFileURL(entryFile).href);
    this.#image = build([library, serveLease]);
  }

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
