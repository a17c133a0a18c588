import { once } from 'node:events';
import { inspect } from 'node:util';
import { encodeError } from '../protocol/error-codec.js';
import {
  FromWorker,
  ToWorker,
  type AnswerMessage,
  type LeaseData,
  type ToWorkerMessage,
} from '../protocol/envelope.js';
import type { InjectionPlan } from '../protocol/injection-plan.js';
import { setOriginalFrames } from '../protocol/original-frames.js';
import { Slots } from '../protocol/slots.js';
import { ApplicationCalls } from './application-calls.js';
import { AttemptRunner } from './attempt-runner.js';
import { createWorkerContainer, type WorkerContainer } from './container.js';
import { runningTask } from './current-task.js';
import { Inbox } from './inbox.js';
import { standIns } from '../injection/stand-ins.js';
import { markWorker } from './inside-worker.js';
import { reportUncaughtErrors } from './uncaught-errors.js';
import { WorkerLogger } from './worker-logger.js';

export { compileAhead } from './compile-ahead.js';

/** The thread that serves a lease. */
interface LeasedThread {
  /** In an image: replaces the positions in a stack by those in the installed files. */
  readonly originalFrames?: ((stack: string) => string) | undefined;
  /** Whether it evaluates a bundle of the application, which this code is part of. */
  readonly isBundle?: boolean;
}

/**
 * Serves a lease, and lasts as long as that. The thread builds the handlers' providers once, takes
 * attempts over the lease's port, and closes the providers when it is released. The port is left open.
 *
 * @param thread - What kind of thread it is.
 */
export async function serveLease(
  lease: LeaseData,
  { originalFrames, isBundle = false }: LeasedThread = {},
): Promise<void> {
  const { port } = lease;
  if (originalFrames) {
    setOriginalFrames(originalFrames);
  }
  reportUncaughtErrors(port);
  markWorker(lease.worker);
  const logger = new WorkerLogger(port);
  const mail = new Mail(lease);
  let container: WorkerContainer;
  try {
    container = await createWorkerContainer(lease.manifest, planOf(lease), {
      logger,
      standIns,
      application: mail.calls,
      isTaskRunning: () => runningTask() !== undefined,
      isBundle,
      clusterWorker: lease.clusterWorker,
    });
  } catch (error) {
    port.postMessage([FromWorker.StartFailed, encodeError(error)]);
    return;
  }
  if (lease.describe) {
    port.postMessage([FromWorker.Instances, container.shapes()]);
  }
  await serve(lease, container, mail);
  try {
    await container.close();
  } catch (error) {
    logger.error(`A shutdown hook of worker ${lease.worker} failed: ${inspect(error)}`);
  }
}

/** The application's plan, which it may not know yet when it starts the thread. */
async function planOf({ planPort }: LeaseData): Promise<InjectionPlan> {
  const [plan] = (await once(planPort, 'message')) as [InjectionPlan];
  planPort.close();
  return plan;
}

/** Runs attempts until the application releases the worker. */
function serve(
  lease: LeaseData,
  { handlers, interceptors }: WorkerContainer,
  mail: Mail,
): Promise<void> {
  const { port, uidPrefix, maxHeapBytes, strictClasses } = lease;
  return new Promise((released) => {
    const inbox = mail.open((message) => {
      switch (message[0]) {
        case ToWorker.Run:
          runner.receive(message);
          break;
        case ToWorker.Cancel:
          runner.cancel(message[1], message[2]);
          break;
        case ToWorker.Release:
          released();
          break;
      }
    });
    const runner = new AttemptRunner(
      {
        slots: new Slots(lease.slots),
        post: (message, transferList) => port.postMessage(message, transferList),
      },
      {
        handlers,
        interceptors,
        uidPrefix,
        maxHeapBytes,
        strictClasses,
        onIdleAfterShortRun: () => inbox.linger(),
      },
    );
    port.postMessage([FromWorker.Ready]);
  });
}

/** What the application sends, but for answers to calls: these are for their callers. */
type Receive = (message: Exclude<ToWorkerMessage, AnswerMessage>) => void;

/**
 * The messages of the application. A provider that is being built may call the application and wait for the
 * answer; what else comes before the worker serves waits until then.
 */
class Mail {
  readonly calls: ApplicationCalls;
  readonly #lease: LeaseData;
  #inbox: Inbox | undefined = undefined;
  #receive: Receive | undefined = undefined;
  readonly #early: Parameters<Receive>[0][] = [];

  constructor(lease: LeaseData) {
    this.#lease = lease;
    this.calls = new ApplicationCalls(lease.strictClasses, (message, transferList) => {
      // Not before the first call: a port that is listened to keeps a thread alive that has nothing to do.
      this.#inbox ??= this.#makeInbox();
      lease.port.postMessage(message, transferList);
    });
  }

  /** From now on, `receive` is given the messages. */
  open(receive: Receive): Inbox {
    this.#receive = receive;
    // Only a release can come before the worker is ready.
    for (const message of this.#early.splice(0)) {
      receive(message);
    }
    return (this.#inbox ??= this.#makeInbox());
  }

  #makeInbox(): Inbox {
    return new Inbox(this.#lease, (message) => {
      if (message[0] === ToWorker.Answer) {
        this.calls.receive(message);
      } else if (this.#receive) {
        this.#receive(message);
      } else {
        this.#early.push(message);
      }
    });
  }
}
