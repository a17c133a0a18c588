import { once } from 'node:events';
import { inspect } from 'node:util';
import { encodeError } from '../protocol/error-codec.js';
import { FromWorker, ToWorker, type LeaseData } from '../protocol/envelope.js';
import type { InjectionPlan } from '../protocol/injection-plan.js';
import { setOriginalFrames } from '../protocol/original-frames.js';
import { Slots } from '../protocol/slots.js';
import { AttemptRunner } from './attempt-runner.js';
import { createWorkerContainer, type WorkerContainer } from './container.js';
import { runningTask } from './current-task.js';
import { Inbox } from './inbox.js';
import { standIns } from '../injection/stand-ins.js';
import { markWorker } from './inside-worker.js';
import { reportUncaughtErrors } from './uncaught-errors.js';
import { WorkerLogger } from './worker-logger.js';

/**
 * Serves a lease, and lasts as long as that. The thread builds the handlers' providers once, takes
 * attempts over the lease's port, and closes the providers when it is released. The port is left open.
 *
 * @param originalFrames - In an image: replaces the positions in a stack by those in the installed files.
 */
export async function serveLease(
  lease: LeaseData,
  originalFrames?: (stack: string) => string,
): Promise<void> {
  const { port } = lease;
  if (originalFrames) {
    setOriginalFrames(originalFrames);
  }
  reportUncaughtErrors(port);
  markWorker(lease.worker);
  const logger = new WorkerLogger(port);
  let container: WorkerContainer;
  try {
    container = await createWorkerContainer(lease.manifest, planOf(lease), {
      logger,
      standIns,
      isTaskRunning: () => runningTask() !== undefined,
    });
  } catch (error) {
    port.postMessage([FromWorker.StartFailed, encodeError(error)]);
    return;
  }
  if (lease.describe) {
    port.postMessage([FromWorker.Instances, container.shapes()]);
  }
  await serve(lease, container);
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
function serve(lease: LeaseData, { handlers, interceptors }: WorkerContainer): Promise<void> {
  const { port, uidPrefix, maxHeapBytes, strictClasses } = lease;
  return new Promise((released) => {
    const inbox = new Inbox(lease, (message) => {
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
