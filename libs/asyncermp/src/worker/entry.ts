import { inspect } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import type { ModuleImage } from '../preload/module-image.js';
import { FromWorker, type LeaseData } from '../protocol/envelope.js';
import { runImage, type RunningImage } from '../preload/run-image.js';
import { filesOfImage, type FilesOfImage } from './image-files.js';

/** How long a worker is left to its first tasks, before what V8 has compiled for them is copied, in ms. */
const CODE_CACHE_DELAY_MS = 200;

/**
 * What piscina runs in a thread: it lasts as long as the lease. This is loaded before the image, in one
 * file that the build makes of it: it may import no part of the library that has state, or Nest, which
 * would then be there twice.
 */
export default async function startWorker(lease: LeaseData): Promise<void> {
  const { port } = lease;
  const files = filesOfImage(import.meta.url);
  const image = lease.image && startImage(lease.image, files, port);
  const { serveLease } = image
    ? (image.namespace(files.serveLease) as ServeLease)
    : await import('./serve-lease.js');
  const cache = image?.wasCompiled ? new CodeCacheOffer(image, port) : undefined;
  await serveLease(lease);
  cache?.make();
  port.close();
}

type ServeLease = typeof import('./serve-lease.js');

/** Undefined where it fails: whatever the reason, a worker can do without. */
function startImage(
  image: ModuleImage,
  { library, serveLease }: FilesOfImage,
  port: MessagePort,
): RunningImage | undefined {
  try {
    return runImage(image, [library, serveLease]);
  } catch (error) {
    port.postMessage([FromWorker.ImageFailed, inspect(error)]);
    return undefined;
  }
}

/** Gives the application what V8 has compiled: a while after the start, or at the end if that comes first. */
class CodeCacheOffer {
  readonly #timer = setTimeout(() => this.make(), CODE_CACHE_DELAY_MS).unref();
  #isMade = false;

  constructor(
    private readonly image: RunningImage,
    private readonly port: MessagePort,
  ) {}

  make(): void {
    clearTimeout(this.#timer);
    if (this.#isMade) {
      return;
    }
    this.#isMade = true;
    this.port.postMessage([FromWorker.CodeCache, this.image.codeCache()]);
  }
}
