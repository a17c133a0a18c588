import { dirname, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WorkerImage } from 'worker-image';
import type { LogLine, ImageMemory } from '../../protocol/envelope.js';
import { filesOfImage } from '../../worker/image-files.js';

/**
 * The image of Nest and this library that the threads of an application start from. The build puts the
 * package worker-image into this file, so the published types must not name one of that package's.
 */
export interface ThreadImage {
  /** A copy for one thread; undefined where threads load their files one by one. */
  copy(): ImageMemory | undefined;
  /** Whether the thread that takes the next copy should make the code cache. It ends with {@link keep}. */
  claimCodeCache(): boolean;
  /** Keeps the code cache that a thread made, for the threads that are started from now on; undefined for none. */
  keep(codeCache: ArrayBuffer | undefined): void;
  /** Gives the image up, since a thread could not run it. */
  drop(): void;
}

/** @param entryFile - The file that is run in a thread, as a path. */
export function threadImage(entryFile: string): ThreadImage {
  const { library, serveLease } = filesOfImage(pathToFileURL(entryFile).href);
  return new WorkerImage([library, serveLease], dirname(library) + sep);
}

/** The log line about a worker that could not run the image. */
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
