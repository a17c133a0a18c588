import { inspect } from 'node:util';
import { FromWorker, type LeaseData } from '../protocol/envelope.js';
import { runImage, type RunningImage } from '../preload/run-image.js';
import { filesOfImage } from './image-files.js';

/** How long a worker is left to its first tasks, before what V8 has compiled for them is copied, in ms. */
const CODE_CACHE_DELAY_MS = 200;

/**
 * What piscina runs in a thread: it lasts as long as the lease. Whatever the image holds must not be
 * imported here, or it would be loaded twice.
 */
export default async function startWorker(lease: LeaseData): Promise<void> {
  const image = lease.image && startImage(lease);
  const { serveLease } = image ?? (await import('./serve-lease.js'));
  await serveLease(lease);
}

type ServeLease = typeof import('./serve-lease.js');

/** Undefined where it fails: whatever the reason, a worker can do without. */
function startImage({ image, port }: LeaseData): ServeLease | undefined {
  if (image === undefined) return undefined;
  const { library, serveLease } = filesOfImage(import.meta.url);
  let running: RunningImage;
  try {
    running = runImage(image, [library, serveLease]);
  } catch (error) {
    port.postMessage([FromWorker.ImageFailed, inspect(error)]);
    return undefined;
  }
  if (running.wasCompiled) {
    const offer = () => port.postMessage([FromWorker.CodeCache, running.codeCache()]);
    setTimeout(offer, CODE_CACHE_DELAY_MS).unref();
  }
  return running.namespace(serveLease) as ServeLease;
}
