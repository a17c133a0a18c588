import {
  type MessagePort,
  type ResourceLimits,
  type Worker,
  type WorkerOptions,
  receiveMessageOnPort,
} from 'node:worker_threads';
import { Piscina } from 'piscina';
import {
  type LeaseData,
  type FromWorkerMessage,
  type ToWorkerMessage,
  addRun,
  newRunMessage,
  type RunMessage,
  type WorkerManifest,
} from '../../protocol/envelope.js';
import { startBundleThread } from '../../worker/bundle-thread.js';
import type { WorkerImage } from './worker-image.js';
import { Doorbell } from '../../protocol/doorbell.js';
import type { TaskSerializationError, CrashDetails } from '../../contract/errors.js';
import type { Attempt } from './channel.js';
import { failedToClone } from '../../protocol/uncloneable.js';

/** What every thread of a pool is made with. */
export interface ThreadOptions {
  readonly manifest: WorkerManifest;
  /** What makes a uid of a task's number. */
  readonly uidPrefix: string;
  /** The file that serves a lease, as a path; undefined in a bundle, which serves it itself. */
  readonly entryFile: string | undefined;
  /** What workers need not load file by file; undefined where they do. */
  readonly image: WorkerImage | undefined;
  readonly resourceLimits: ResourceLimits;
  readonly maxHeapBytes: number;
  readonly env: WorkerOptions['env'];
  readonly execArgv: readonly string[] | undefined;
}

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

/** How many messages are read in one go: what else waits for the event loop has its turn then. */
const MOST_AT_ONCE = 64;

/** What comes over a lease's port. */
export interface LanePortEvents {
  /** A message of the worker. */
  receive(message: FromWorkerMessage): void;
  /** An answer cannot be read, and nobody can tell whose it was. */
  lostAnswer(error: unknown): void;
  /** The other end is closed, and all that came over it was received; or this end was closed. */
  onClosed(): void;
}

/** The application's end of a lease's port: what is posted wakes the worker, wherever it waits. */
export class LanePort {
  readonly #doorbell = new Doorbell();
  #closed = false;

  constructor(
    private readonly port: MessagePort,
    private readonly events: LanePortEvents,
  ) {
    port.on('message', (message: FromWorkerMessage) => {
      events.receive(message);
      this.#receiveArrived(MOST_AT_ONCE);
    });
    port.on('messageerror', (error) => events.lostAnswer(error));
    port.on('close', () => {
      this.#closed = true;
      events.onClosed();
    });
  }

  /** What the worker is given, to know that something was posted. */
  get doorbell(): SharedArrayBuffer {
    return this.#doorbell.buffer;
  }

  post(message: ToWorkerMessage): void {
    this.port.postMessage(message);
    this.#doorbell.ring();
  }

  /** Like {@link postAttempts}. */
  postAttempts<A extends Attempt>(
    attempts: readonly A[],
    onUnsendable: (attempt: A, error: TaskSerializationError) => void,
  ): void {
    postAttempts(this.port, attempts, onUnsendable);
    this.#doorbell.ring();
  }

  /** The worker has ended: takes what it had answered before, which is on this side already. */
  close(): void {
    // A port that has told that it is closed has nothing left; and Node 20 to 24 crash when asked for it then.
    if (!this.#closed) {
      this.#receiveArrived(Infinity);
      this.port.close();
    }
  }

  /**
   * Takes what else has arrived: for each message an event of its own would cost twice as much, and what
   * is sent in answer goes all in one.
   */
  #receiveArrived(most: number): void {
    for (let taken = 0; taken < most; taken++) {
      const entry = this.#nextArrived();
      if (!entry) {
        return;
      }
      this.events.receive(entry.message);
    }
  }

  #nextArrived(): { readonly message: FromWorkerMessage } | undefined {
    try {
      return receiveMessageOnPort(this.port);
    } catch (error) {
      this.events.lostAnswer(error);
      return undefined;
    }
  }
}

/**
 * Sends attempts to a worker, in their order and as few messages as can be: waking it costs more than a
 * short task. One that cannot be cloned keeps none of the others from being sent.
 */
export function postAttempts<A extends Attempt>(
  port: MessagePort,
  attempts: readonly A[],
  onUnsendable: (attempt: A, error: TaskSerializationError) => void,
): void {
  const postOne = (attempt: A): void => {
    try {
      port.postMessage(runMessage([attempt]), attempt.transferList);
    } catch (error) {
      const { args, transferList, uid, handlerName: handler } = attempt;
      onUnsendable(attempt, failedToClone(args, 'args', transferList, error, { uid, handler }));
    }
  };
  const postTogether = (group: readonly A[]): void => {
    if (group.length > 0) {
      try {
        port.postMessage(runMessage(group));
      } catch {
        // One of them cannot be cloned: each for itself, to see which.
        group.forEach(postOne);
      }
    }
  };
  let together: A[] = [];
  for (const attempt of attempts) {
    if (attempt.transferList) {
      // What is handed over goes with its own message, but no earlier than what was sent before.
      postTogether(together);
      together = [];
      postOne(attempt);
    } else {
      together.push(attempt);
    }
  }
  postTogether(together);
}

function runMessage(attempts: readonly Attempt[]): RunMessage {
  const message = newRunMessage();
  for (const { slot, givenUid, seq, args } of attempts) {
    addRun(message, slot, givenUid ?? seq, args);
  }
  return message;
}

/** Puts together, from what is heard of a thread's end, how it ended. */
export class ThreadDeath {
  #ready = false;
  #expected = false;
  #thrown: { readonly error: unknown } | undefined = undefined;
  #startError: unknown = undefined;
  #exitCode: number | undefined = undefined;

  /** The thread has built its providers. */
  started(): void {
    this.#ready = true;
  }

  /** It could not: this is what it threw. */
  neverStarted(error: unknown): void {
    this.#startError = error;
  }

  /** The application ends it, which is no crash. */
  expected(): void {
    this.#expected = true;
  }

  /** Something was thrown outside of any attempt. */
  note(error: unknown): void {
    this.#thrown ??= { error };
  }

  exited(code: number): void {
    this.#exitCode = code;
  }

  report(): { readonly crash: CrashDetails | undefined; readonly startError: unknown } {
    if (this.#expected) {
      return { crash: undefined, startError: this.#startError };
    }
    const crash = this.#crash();
    return {
      crash,
      startError: this.#ready
        ? undefined
        : (this.#startError ??
          this.#thrown?.error ??
          new Error(`The worker exited with code ${this.#exitCode} before it was ready`)),
    };
  }

  #crash(): CrashDetails {
    if (!this.#thrown) {
      return { reason: 'exit', exitCode: this.#exitCode };
    }
    const { error: cause } = this.#thrown;
    const outOfMemory =
      (cause as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
    return { reason: outOfMemory ? 'out-of-memory' : 'error', exitCode: this.#exitCode, cause };
  }
}
