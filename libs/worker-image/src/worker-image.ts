import type { ImageIndex, ImageMemory } from './image-format.js';
import { readModuleGraph } from './module-graph.js';
import { UnsupportedModuleError } from './module-source.js';

export type { ImageMemory } from './image-format.js';

/** The image that the worker threads of an application start from. */
export class WorkerImage {
  #image: ImageMemory | undefined;
  #copies = 0;
  #isBeingMade = false;

  /**
   * Builds the image of the files, and of the files that they import.
   *
   * @param entries - Absolute paths.
   * @param privateDirectory - The files in it cannot be imported from outside, apart from the first entry.
   */
  constructor(entries: readonly string[], privateDirectory?: string) {
    try {
      this.#image = buildImage(entries, privateDirectory);
    } catch {
      // One of the files cannot be in an image: threads load it as it is.
      this.#image = undefined;
    }
  }

  /** A copy for one thread. Undefined where threads have to load file by file. */
  copy(): ImageMemory | undefined {
    this.#copies++;
    return (
      this.#image && {
        script: this.#image.script.slice(),
        index: this.#image.index.slice(),
        codeCache: this.#image.codeCache?.slice(),
      }
    );
  }

  /**
   * Whether the thread that takes the next copy should make the code cache, and call {@link keep}. It costs that
   * thread some 30 ms, so the first one, for which the application may wait, is spared, and no two make it.
   */
  claimCodeCache(): boolean {
    const mayClaim =
      this.#image !== undefined &&
      this.#image.codeCache === undefined &&
      this.#copies > 0 &&
      !this.#isBeingMade;
    this.#isBeingMade ||= mayClaim;
    return mayClaim;
  }

  /** Keeps the code cache that a thread made, for the threads that are started from now on; undefined if it failed. */
  keep(codeCache: ArrayBuffer | undefined): void {
    this.#isBeingMade = false;
    if (this.#image && codeCache) {
      this.#image = { ...this.#image, codeCache };
    }
  }

  /** Gives the image up, since a thread could not run it. */
  drop(): void {
    this.#image = undefined;
  }
}

/** @throws UnsupportedModuleError for a file that an image cannot hold */
export function buildImage(entries: readonly string[], privateDirectory?: string): ImageMemory {
  const texts = ['[\n'];
  let line = 2;
  const index: ImageIndex = readModuleGraph(entries).map((module) => {
    const { file, format, dependencies, stars, isInCycle, isEmpty } = module;
    const head = latin1(module.text.head);
    const text = `${head}${latin1(module.text.body)},\n`;
    texts.push(text);
    const ownLine = line;
    line += lineBreaksIn(text);
    const isInPrivate = privateDirectory !== undefined && file.startsWith(privateDirectory);
    return {
      file,
      format,
      dependencies: [...dependencies].map(([specifier, used]) => [
        specifier,
        typeof used === 'string' ? used : used.number,
      ]),
      stars,
      isInCycle,
      isPrivate: isEmpty || (isInPrivate && file !== entries[0]),
      line: ownLine,
      column: head.length,
    };
  });
  texts.push(']');
  return {
    script: memoryOf(texts.join(''), 'latin1'),
    index: memoryOf(JSON.stringify(index), 'utf8'),
    codeCache: undefined,
  };
}

/** V8 needs twice the memory for a script that has a single character beyond Latin-1. */
function latin1(text: string): string {
  return text.replace(BEYOND_LATIN1, escaped);
}

const BEYOND_LATIN1 = /[^\0-\xff]/g;

/**
 * The same character in a string, in a regular expression and in a name; in a comment it does not matter.
 *
 * @throws UnsupportedModuleError for one that ends a line and a comment, which an escape does not
 */
function escaped(character: string): string {
  if (character === '\u2028' || character === '\u2029') {
    throw new UnsupportedModuleError('A module has a line or paragraph separator');
  }
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function lineBreaksIn(text: string): number {
  return text.split('\n').length - 1;
}

function memoryOf(text: string, encoding: 'latin1' | 'utf8'): ArrayBuffer {
  const memory = new ArrayBuffer(Buffer.byteLength(text, encoding));
  Buffer.from(memory).write(text, encoding);
  return memory;
}
