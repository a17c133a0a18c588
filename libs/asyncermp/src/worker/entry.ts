import { inspect } from 'node:util';
import { fileURLToPath } from 'node:url';
import { runImage, type RunningImage } from 'worker-image/run';
import { FromWorker, type LeaseData, type ImageMemory } from '../protocol/envelope.js';
import { filesOfImage, type FilesOfImage } from './image-files.js';

/**
 * Piscina runs this in a thread; it lasts as long as the lease. It is loaded before the image, in one file
 * that the build makes: it must not import Nest or a part of the library that has state, which would then
 * be there twice.
 */
export default async function startWorker(lease: LeaseData): Promise<void> {
  const { port } = lease;
  const files = filesOfImage(import.meta.url);
  const image = lease.image && startImage(lease.image, files, lease);
  // Some megabytes, of which V8 has its own copy by now.
  lease.image = undefined;
  const { serveLease, compileAhead } = image
    ? (image.namespace(files.serveLease) as ServeLease)
    : await import('./serve-lease.js');
  if (image && lease.makesCodeCache) {
    // Before any code of the user runs here, which could forge it.
    const codeCache = await codeCacheOf(image, compileAhead);
    port.postMessage([FromWorker.CodeCache, codeCache], codeCache && [codeCache]);
  }
  await serveLease(lease, { originalFrames: image?.originalFrames });
  port.close();
}

type ServeLease = typeof import('./serve-lease.js');

/** The name of the image's script in a debugger, beside the library's files; there is no such file. */
const SCRIPT = new URL('../preloaded.js', import.meta.url);

/** Undefined if it fails: whatever the reason, a worker can load its files one by one. */
function startImage(
  image: ImageMemory,
  { library, serveLease }: FilesOfImage,
  { port, makesCodeCache }: LeaseData,
): RunningImage | undefined {
  try {
    return runImage(image, [library, serveLease], fileURLToPath(SCRIPT), makesCodeCache);
  } catch (error) {
    port.postMessage([FromWorker.ImageFailed, inspect(error)]);
    return undefined;
  }
}

/** V8's code cache of the image. It has what V8 has compiled: also what builds providers, once that has run. */
async function codeCacheOf(
  image: RunningImage,
  compileAhead: ServeLease['compileAhead'],
): Promise<ArrayBuffer | undefined> {
  try {
    await compileAhead();
    return image.codeCache();
  } catch {
    // Threads start without it, then.
    return undefined;
  }
}
