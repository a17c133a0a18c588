import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { imageFrames } from './image-frames.js';
import { Linker } from './linker.js';
import { makeKnown } from './make-known.js';
import {
  indexOf,
  shared,
  type ModuleFunction,
  type ModuleImage,
  type Namespace,
} from './module-image.js';
import { setOriginalFrames } from './original-frames.js';

/** An image in the thread that runs it. */
export interface RunningImage {
  /** What the module exports. */
  namespace(file: string): Namespace;
  /** Whether V8 had to compile the script: there was no code cache, or one of another V8. */
  readonly wasCompiled: boolean;
  /** What V8 has compiled of the script so far. */
  codeCache(): SharedArrayBuffer;
}

/** The name of the script, in the directory of this library; no such file is there. */
const SCRIPT = fileURLToPath(new URL('../preloaded.js', import.meta.url));

/**
 * Runs the script of the image, and makes its modules known to Node. Nothing may have imported these
 * before.
 *
 * @param entries The modules that are evaluated at once, with all that they import.
 * @throws what V8 or a module throws
 */
export function runImage(image: ModuleImage, entries: readonly string[]): RunningImage {
  const { modules } = indexOf(image);
  const script = new Script(Buffer.from(image.script).toString('latin1'), {
    filename: SCRIPT,
    ...(image.codeCache && { cachedData: Buffer.from(image.codeCache) }),
  });
  const functions = script.runInThisContext() as ModuleFunction[];
  setOriginalFrames(imageFrames(SCRIPT, modules));
  const wasCompiled = image.codeCache === undefined || script.cachedDataRejected === true;
  // What has evaluated, the linker lets go of; but what V8 has compiled of it belongs into the code cache.
  const kept = wasCompiled ? [...functions] : [];
  const linker = new Linker(modules, functions);
  const namespace = (file: string): Namespace => {
    const number = linker.find(file);
    if (number === undefined) {
      throw new RangeError(`The image has no ${file}`);
    }
    return linker.namespace(number);
  };
  for (const entry of entries) {
    namespace(entry);
  }
  makeKnown(modules, linker);
  return {
    wasCompiled,
    namespace,
    codeCache: () => {
      const data = script.createCachedData();
      kept.length = 0;
      return shared(data);
    },
  };
}
