import type { InlineFault } from '../pool/channels/inline.channel.js';
import type { Task } from '../engine/task.js';
import {
  ConfigurationError,
  TaskTimeoutError,
  withoutStack,
  type CrashDetails,
} from '../contract/errors.js';

/** Creates the fault of a task. */
export type MakeFault = (task: Task) => InlineFault;

interface Planned {
  readonly make: MakeFault;
  times: number;
}

/** The planned faults of each handler, in the order in which they were planned. */
export class Faults {
  readonly #planned = new Map<string, Planned[]>();

  plan(handler: string, make: MakeFault, times: number): void {
    const planned = this.#planned.get(handler) ?? [];
    planned.push({ make, times });
    this.#planned.set(handler, planned);
  }

  /** Takes the next fault for this call, if one is planned. */
  next(task: Task): InlineFault | undefined {
    const planned = this.#planned.get(task.handlerName);
    const [first] = planned ?? [];
    if (first && --first.times === 0) {
      planned?.shift();
    }
    return first?.make(task);
  }

  reset(): void {
    this.#planned.clear();
  }
}

/** The handler throws. */
export function failure(error: unknown): MakeFault {
  return () => ({ kind: 'throw', error });
}

/** The worker dies as a thread would. */
export function crash(details: Partial<CrashDetails>): MakeFault {
  const { reason = 'exit', exitCode = 1, cause = causeOf[reason]() } = details;
  return () => ({ kind: 'crash', crash: { reason, exitCode, cause } });
}

const causeOf = {
  exit: () => undefined,
  error: () => new Error('Thrown outside of the task, by crashNext()'),
  // The code and message of Node's own error.
  'out-of-memory': () =>
    Object.assign(
      new Error('Worker terminated due to reaching memory limit: JS heap out of memory'),
      { code: 'ERR_WORKER_OUT_OF_MEMORY' },
    ),
};

/** The attempt exceeds its timeout, at once. */
export function timeout({ policy, uid, handlerName }: Task): InlineFault {
  const subject = { uid, handler: handlerName };
  const error =
    policy.timeout === Infinity
      ? new ConfigurationError(
          `timeoutNext(): ${handlerName} has no timeout, so that it cannot time out. Give it one, in ` +
            '@CpuTask({ timeout }), at the call, or in the defaults of the module.',
          subject,
        )
      : withoutStack(() => new TaskTimeoutError('run', policy.timeout, subject));
  return { kind: 'fail', error };
}
