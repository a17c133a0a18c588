import {
  MessageChannel,
  receiveMessageOnPort,
  type MessagePort,
  type ResourceLimits,
  type Transferable,
  type Worker,
  type WorkerOptions,
} from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { CrashDetails } from '../../contract/errors.js';
import { safeInspect } from '../../contract/safe-inspect.js';
import { Doorbell } from '../../protocol/doorbell.js';
import {
  FromWorker,
  addRun,
  isFromWorkerMessage,
  newRunMessage,
  type CallMessage,
  type ControlMessage,
  type ImageMemory,
  type LeaseData,
  type RunMessage,
  type WorkerManifest,
} from '../../protocol/envelope.js';
import { clusterModule } from '../../protocol/cluster.js';
import { decodeError, encodeError } from '../../protocol/error-codec.js';
import type { InstanceShape } from '../../protocol/instance-shape.js';
import type { InjectionPlan } from '../../protocol/injection-plan.js';
import type { LostClass } from '../../protocol/lost-classes.js';
import { Slots } from '../../protocol/slots.js';
import { startBundleThread } from '../../worker/bundle-thread.js';
import { answerCall, type CallMain } from './call-answer.js';
import type { Attempt, Channel, ChannelListener } from './channel.js';
import { imageFailed, type ThreadImage } from './worker-image.js';

/** What every thread of a pool is made with. */
export interface ThreadOptions {
  readonly manifest: WorkerManifest;
  /** How a worker builds the handlers' providers. The same promise each time. */
  readonly plan: () => Promise<InjectionPlan>;
  /** Receives the description of a worker's instances; undefined where it is not wanted any more. */
  readonly onInstances: () => ((shapes: readonly InstanceShape[]) => void) | undefined;
  /** Calls a provider that stays in the application, for a worker. */
  readonly onCall: CallMain;
  /** Hears which class a call has lost. */
  readonly onLost: (lost: LostClass, where: string) => void;
  /** The prefix that makes a uid of a task's number. */
  readonly uidPrefix: string;
  /** The file that serves a lease, as a path; undefined in a bundle, which serves it itself. */
  readonly entryFile: string | undefined;
  /** The modules that workers need not load file by file; undefined where they have to. */
  readonly image: ThreadImage | undefined;
  readonly resourceLimits: ResourceLimits;
  readonly maxHeapBytes: number;
  readonly strictClasses: boolean;
  readonly env: WorkerOptions['env'];
  readonly execArgv: readonly string[] | undefined;
}

/** How many messages are received in one turn of the event loop, before other work has its turn. */
const MOST_AT_ONCE = 64;

/** A channel to a worker thread: the messages travel over a port, and a doorbell wakes the thread. */
export class ThreadChannel<A extends Attempt> implements Channel<A> {
  readonly takesOneAtATime = false;
  readonly slots = new Slots();
  readonly #doorbell = new Doorbell();
  readonly #port: MessagePort;
  readonly #image: ThreadImage | undefined;
  readonly #onInstances: ThreadOptions['onInstances'];
  readonly #onCall: CallMain;
  readonly #isStrict: boolean;
  readonly #onLost: ThreadOptions['onLost'];
  readonly #listener: ChannelListener;
  /** Undefined where Node refused to make the thread. */
  #lease: ThreadLease | undefined = undefined;
  /**
   * Whether the worker is to send the code cache. It does so before it loads any code of the user: a message that
   * a handler forges comes after that, when none is taken any more.
   */
  #owesCodeCache: boolean;
  #isPortClosed = false;
  #isKilled = false;
  /** The first error outside of any attempt. */
  #thrown: { readonly error: unknown } | undefined = undefined;
  #exitCode: number | undefined = undefined;

  /** @param worker - The number of the worker. */
  constructor(worker: number, options: ThreadOptions, listener: ChannelListener) {
    this.#listener = listener;
    this.#image = options.image;
    this.#onInstances = options.onInstances;
    this.#onCall = options.onCall;
    this.#isStrict = options.strictClasses;
    this.#onLost = options.onLost;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: unknown) => {
      this.#receive(message);
      this.#receiveArrived(MOST_AT_ONCE);
    });
    port1.on('messageerror', (error) => this.#lostMessage(error));
    port1.on('close', () => this.#portClosed());
    const { manifest, uidPrefix, maxHeapBytes, strictClasses } = options;
    this.#owesCodeCache = options.image?.claimCodeCache() ?? false;
    const plan = new MessageChannel();
    void this.#sendPlan(options.plan(), plan.port1);
    const lease: LeaseData = {
      port: port2,
      planPort: plan.port2,
      slots: this.slots.buffer,
      doorbell: this.#doorbell.buffer,
      manifest,
      uidPrefix,
      worker,
      clusterWorker: clusterModule().worker?.id,
      maxHeapBytes,
      describe: options.onInstances() !== undefined,
      strictClasses,
      image: options.image?.copy(),
      makesCodeCache: this.#owesCodeCache,
    };
    try {
      this.#lease = new ThreadLease(lease, options, {
        onError: (error) => this.#note(error),
        onExit: (code) => {
          this.#exitCode = code;
          listener.onEnded();
        },
      });
    } catch (error) {
      this.#note(error);
      void Promise.resolve().then(() => listener.onEnded());
    }
  }

  async #sendPlan(plan: Promise<InjectionPlan>, port: MessagePort): Promise<void> {
    try {
      port.postMessage(await plan);
    } catch (error) {
      this.#listener.receive([FromWorker.StartFailed, encodeError(error)]);
      this.end();
    }
    port.close();
  }

  get gone(): Promise<void> {
    return this.#lease?.gone ?? Promise.resolve();
  }

  postAttempts(attempts: readonly A[], transferList: readonly Transferable[] | undefined): void {
    this.#port.postMessage(runMessage(attempts), transferList);
    this.#doorbell.ring();
  }

  post(message: ControlMessage): void {
    this.#port.postMessage(message);
    this.#doorbell.ring();
  }

  end(): void {
    this.#isKilled = true;
    this.#lease?.end();
  }

  leaveBehind(): void {
    this.#lease?.leaveBehind();
  }

  close(): CrashDetails {
    // A port that has reported its close has nothing left, and Node 20 to 24 crash when they are asked for it.
    if (!this.#isPortClosed) {
      this.#receiveArrived(Infinity);
      this.#port.close();
    }
    this.#keepCodeCache(undefined);
    return this.#death();
  }

  /** Undefined if the worker has failed to make it. */
  #keepCodeCache(codeCache: ArrayBuffer | undefined): void {
    if (this.#owesCodeCache) {
      this.#owesCodeCache = false;
      this.#image?.keep(codeCache);
    }
  }

  #call(message: CallMessage): void {
    const [, , slot] = message;
    void answerCall(message, this.#onCall, this.#listener.awaiting(slot), {
      isStrict: this.#isStrict,
      onLost: this.#onLost,
      // Its port may be closed when the answer is there, and then nothing is sent.
      post: (answer, transferList) => {
        this.#port.postMessage(answer, transferList);
        this.#doorbell.ring();
      },
      logError: (line) => this.#listener.receive([FromWorker.Log, 'error', line]),
    });
  }

  #receive(message: unknown): void {
    if (!isFromWorkerMessage(message)) {
      this.#lostMessage(
        new Error(`${safeInspect(message)} is no message of this library's workers`),
      );
      return;
    }
    switch (message[0]) {
      case FromWorker.Uncaught:
        this.#note(decodeError(message[1]));
        break;
      case FromWorker.CodeCache:
        this.#keepCodeCache(message[1]);
        break;
      case FromWorker.ImageFailed:
        this.#keepCodeCache(undefined);
        this.#image?.drop();
        this.#listener.receive([FromWorker.Log, 'warn', imageFailed(message[1])]);
        break;
      case FromWorker.Instances:
        this.#onInstances()?.(message[1]);
        break;
      case FromWorker.Call:
        this.#call(message);
        break;
      default:
        this.#listener.receive(message);
    }
  }

  /**
   * Receives what else has arrived: for each message an event of its own would cost twice as much, and what
   * the application sends in return goes all in one.
   */
  #receiveArrived(most: number): void {
    for (let taken = 0; taken < most; taken++) {
      const entry = this.#nextArrived();
      if (!entry) {
        return;
      }
      this.#receive(entry.message);
    }
  }

  #nextArrived(): { readonly message: unknown } | undefined {
    try {
      return receiveMessageOnPort(this.#port);
    } catch (error) {
      this.#lostMessage(error);
      return undefined;
    }
  }

  /** A message cannot be read, so it is not known which attempt waits for its outcome. */
  #lostMessage(error: unknown): void {
    this.#note(error);
    this.#lease?.end();
  }

  /**
   * Node closes the ports of a thread that it has stopped, before it frees the thread's memory, which takes
   * some milliseconds: a killed worker runs nothing any more. For one that ends by itself, the exit comes
   * later and has the exit code.
   */
  #portClosed(): void {
    this.#isPortClosed = true;
    if (this.#isKilled) {
      this.#listener.onEnded();
    }
  }

  #note(error: unknown): void {
    this.#thrown ??= { error };
  }

  #death(): CrashDetails {
    const exitCode = this.#exitCode;
    if (!this.#thrown) {
      return { reason: 'exit', exitCode };
    }
    const { error: cause } = this.#thrown;
    const { code } = (cause ?? {}) as NodeJS.ErrnoException;
    const reason = code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out-of-memory' : 'error';
    return { reason, exitCode, cause };
  }
}

function runMessage(attempts: readonly Attempt[]): RunMessage {
  const message = newRunMessage();
  for (const { slot, givenUid, seq, args, headers } of attempts) {
    addRun(message, slot, givenUid ?? seq, args, headers);
  }
  return message;
}

/** What a leased thread reports. */
interface ThreadEvents {
  /** The thread threw something that nothing caught. */
  onError(error: unknown): void;
  /** The thread is gone. */
  onExit(code: number): void;
}

/**
 * A thread that piscina makes, limits, guards and ends: one `run()` is the lease, and lasts as long as
 * the thread.
 *
 * Each lease has a piscina of one thread. So its thread is known from the first moment, the number of
 * threads can change at will, and what piscina does when a thread dies early (5.3.2 gives up for good, or
 * starts the next one at once, and again) does not matter: it is left alone once it had its thread.
 *
 * In a bundle, which has no file that piscina could start, Node makes and ends the thread.
 */
class ThreadLease {
  /** Settles when the thread is gone, after `onExit`. */
  readonly gone: Promise<void>;
  readonly #end = new AbortController();
  readonly #thread: Worker;

  /** @throws what Node throws if it refuses to make the thread, because of an option in execArgv, say */
  constructor(
    lease: LeaseData,
    { entryFile, env, execArgv, resourceLimits }: ThreadOptions,
    events: ThreadEvents,
  ) {
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
    this.#thread = thread;
    // piscina unrefs a thread that has no task; but the pool waits for the end of each.
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

  /** The process need not wait for the thread, once it was ended. */
  leaveBehind(): void {
    this.#thread.unref();
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
  // The thread's own events report the same; but without a listener it would end the application.
  pool.on('error', () => {});
  // The same for its outcome: the thread's exit comes later, and always. piscina would end the thread that has
  // nothing to do by a global timer, which fake timers of an application's tests replace.
  const end = (): void => void pool.destroy();
  const transferList = [lease.port, lease.planPort, ...memoryOf(lease.image)];
  pool.run(lease, { filename, transferList, signal }).then(end, end);
  const [thread] = pool.threads;
  if (!thread) {
    throw new Error('piscina made no thread');
  }
  return thread;
}

function memoryOf(image: ImageMemory | undefined): ArrayBuffer[] {
  return image ? Object.values(image).filter((memory) => memory !== undefined) : [];
}
