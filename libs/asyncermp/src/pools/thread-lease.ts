import type { MessagePort, ResourceLimits, Worker, WorkerOptions } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { LeaseData } from '../protocol/envelope.js';
import { startBundleThread } from '../worker/bundle-thread.js';
import type { ThreadOptions } from './thread.pool.js';

/** What becomes of a leased thread. */
export interface ThreadEvents {
  /** Something was thrown that nobody caught. */
  onError(error: unknown): void;
  /** The thread is gone. */
  onExit(code: number): void;
}

/**
 * A thread that piscina makes, limits, guards and ends: one `run()` is the lease, and lasts as long as
 * the thread.
 *
 * Each lease has a piscina of one thread. So its thread is known from the first moment, the number of
 * threads can change at will, and what piscina does when a thread dies early (in 5.3.2 it gives up for
 * good, or starts the next one at once, and again) concerns nobody: it is left alone once it had its
 * thread.
 *
 * In a bundle, which has no file that piscina could start, Node makes and ends the thread.
 */
export class ThreadLease {
  /** Settles when the thread is gone, after `onExit`. */
  readonly gone: Promise<void>;
  readonly #end = new AbortController();

  /** @throws what Node throws that refuses to make the thread, for an option in execArgv, say */
  constructor(
    port: MessagePort,
    data: Pick<LeaseData, 'slots' | 'doorbell' | 'worker'>,
    { entryFile, image, env, execArgv, resourceLimits, ...options }: ThreadOptions,
    events: ThreadEvents,
  ) {
    const lease: LeaseData = { port, ...data, ...options, image: image?.image };
    const threadOptions: NodeThreadOptions = {
      resourceLimits,
      ...(env !== undefined && { env }),
      ...(execArgv !== undefined && { execArgv: [...execArgv] }),
    };
    const { signal } = this.#end;
    const thread =
      entryFile === undefined
        ? startBundleThread(lease, threadOptions, signal)
        : startPiscinaThread(lease, threadOptions, signal, entryFile);
    // piscina lets go of a thread that has no task; but until it is gone, somebody waits for its end.
    thread.ref();
    thread.on('error', (error) => events.onError(error));
    this.gone = new Promise((resolve) => {
      thread.once('exit', (code) => {
        events.onExit(code);
        resolve();
      });
    });
  }

  /** Ends the thread at once, whatever it is doing. */
  end(): void {
    this.#end.abort();
  }
}

/** What Node makes a thread with. */
interface NodeThreadOptions {
  resourceLimits: ResourceLimits;
  env?: NonNullable<WorkerOptions['env']>;
  execArgv?: string[];
}

function startPiscinaThread(
  lease: LeaseData,
  options: NodeThreadOptions,
  signal: AbortSignal,
  filename: string,
): Worker {
  const pool = new Piscina({
    // The thread is made by the run() below, which makes it known at once.
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: 0,
    // 'sync' freezes the thread between tasks, and with it the timers and sockets of its providers.
    // Nothing is gained by it either: the lease is the only task that piscina ever sees.
    atomics: 'disabled',
    recordTiming: false,
    ...options,
  });
  // Told by the thread's own events; without a listener it would end the application.
  pool.on('error', () => {});
  // Its outcome is told by the thread's exit, which comes later and always.
  pool.run(lease, { filename, transferList: [lease.port], signal }).catch(() => {});
  const [thread] = pool.threads;
  if (!thread) {
    throw new Error('piscina made no thread');
  }
  return thread;
}
