import { inspect } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { runImage, type RunningImage } from 'worker-image/run';
import { FromWorker, type LeaseData, type SharedImage } from '../protocol/envelope.js';
import { filesOfImage, type FilesOfImage } from './image-files.js';

/** How long after the start of a worker the code that V8 compiled for its first tasks is copied, in ms. */
const CODE_CACHE_DELAY_MS = 200;

/**
 * Piscina runs this in a thread; it lasts as long as the lease. It is loaded before the image, in one file
 * that the build makes: it must not import Nest or a part of the library that has state, which would then
 * be there twice.
 */
export default async function startWorker(lease: LeaseData): Promise<void> {
  const { port } = lease;
  const files = filesOfImage(import.meta.url);
  const image = lease.image && startImage(lease.image, files, port);
  const { serveLease } = image
    ? (image.namespace(files.serveLease) as ServeLease)
    : await import('./serve-lease.js');
  const cache = image?.wasCompiled ? new CodeCacheOffer(image, port) : undefined;
  await serveLease(lease, { originalFrames: image?.originalFrames });
  cache?.make();
  port.close();
}

type ServeLease = typeof import('./serve-lease.js');

/** The name of the image's script in a debugger, beside the library's files; there is no such file. */
const SCRIPT = new URL('../preloaded.js', import.meta.url);

/** Undefined if it fails: whatever the reason, a worker can load its files one by one. */
function startImage(
  image: SharedImage,
  { library, serveLease }: FilesOfImage,
  port: MessagePort,
): RunningImage | undefined {
  try {
    return runImage(image, [library, serveLease], fileURLToPath(SCRIPT));
  } catch (error) {
    port.postMessage([FromWorker.ImageFailed, inspect(error)]);
    return undefined;
  }
}

/** Gives the application V8's code cache: a while after the start, or at the end if that comes first. */
class CodeCacheOffer {
  readonly #timer = setTimeout(() => this.make(), CODE_CACHE_DELAY_MS).unref();
  #isMade = false;

  readonly #image: RunningImage;
  readonly #port: MessagePort;

  constructor(image: RunningImage, port: MessagePort) {
    this.#image = image;
    this.#port = port;
  }

  make(): void {
    clearTimeout(this.#timer);
    if (this.#isMade) {
      return;
    }
    this.#isMade = true;
    this.#port.postMessage([FromWorker.CodeCache, this.#image.codeCache()]);
  }
}
