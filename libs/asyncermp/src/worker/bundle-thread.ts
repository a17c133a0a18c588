import { Worker, workerData, type WorkerOptions } from 'node:worker_threads';
import type { LeaseData } from '../protocol/envelope.js';
import { serveLease } from './serve-lease.js';
import { urlOf } from './file-url.js';
import { workerNumber } from './inside-worker.js';
import { enterBundle } from './nest-factory.guard.js';

/** Where a thread of a bundle finds its lease. */
interface BundleThreadData {
  readonly 'nestjs-asyncermp:lease:1': LeaseData;
  /** The bundle, as a URL. */
  readonly bundle: string;
}

/** Valid in both module systems, whatever `--input-type` says. */
const IMPORT_BUNDLE =
  "import('node:worker_threads').then(({ workerData }) => import(workerData.bundle))";

/**
 * Starts a thread in an application that has this library in its bundle. There is no file of the library's
 * or piscina's that a thread could be started with. But the handlers are in the bundle, so a thread has to
 * import it anyway: the copy of this library in it finds the lease, and serves it.
 */
export function startBundleThread(
  lease: LeaseData,
  options: WorkerOptions,
  signal: AbortSignal,
): Worker {
  const [file = ''] = lease.manifest.files;
  const data: BundleThreadData = { 'nestjs-asyncermp:lease:1': lease, bundle: urlOf(file) };
  const thread = new Worker(IMPORT_BUNDLE, {
    ...options,
    eval: true,
    workerData: data,
    transferList: [lease.port, lease.planPort],
  });
  signal.addEventListener('abort', () => void thread.terminate());
  return thread;
}

/**
 * In a thread of {@link startBundleThread}: serves its lease. It is called while the library is loaded, so
 * before the bundle's entry file boots the application.
 */
export function serveBundleLease(): void {
  const lease = (workerData as Partial<BundleThreadData> | null)?.['nestjs-asyncermp:lease:1'];
  if (lease === undefined || workerNumber() !== undefined) {
    return;
  }
  // As piscina does: the thread ends when its lease does, whatever its providers have left open.
  void serveLease(lease, { isBundle: true }).then(() => process.exit());
  enterBundle();
}
