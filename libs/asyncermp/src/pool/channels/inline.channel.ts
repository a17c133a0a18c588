import { AsyncResource } from 'node:async_hooks';
import type { Transferable } from 'node:worker_threads';
import type { CrashDetails } from '../../contract/errors.js';
import type { TaskInterceptor } from '../../contract/interceptor.js';
import {
  FromWorker,
  ToWorker,
  addRun,
  newRunMessage,
  type ControlMessage,
  type LaneMessage,
} from '../../protocol/envelope.js';
import { encodeError } from '../../protocol/error-codec.js';
import { Slots } from '../../protocol/slots.js';
import { AttemptRunner, type RunnableHandler } from '../../worker/attempt-runner.js';
import { runningTask } from '../../worker/current-task.js';
import type { Attempt, Channel, ChannelListener } from './channel.js';

const NOW = Promise.resolve();

/**
 * What attempts run in, instead of the asynchronous context of whatever sent them: their own caller's or, after
 * a wait in the queue, another's. In a worker they would have neither.
 */
const NO_CALLER = new AsyncResource('AsyncerMpInlineWorker');

/**
 * A channel without a worker: the attempt runner runs in the application's own thread, on the application's
 * own providers. What a port would clone is cloned here, too.
 *
 * A handler that does not stop cannot be ended: it is left to itself, and what comes of it is dropped.
 *
 * Attempts arrive in a microtask, and everything else arrives at once. There are no ports and no timers,
 * because the tests of users replace timers.
 */
export class InlineChannel<A extends Attempt> implements Channel<A> {
  readonly takesOneAtATime = true;
  readonly slots = new Slots();
  readonly gone = NOW;
  readonly #listener: ChannelListener;
  readonly #runner: AttemptRunner;
  /** The attempts whose outcome is not posted yet, by their slots. */
  readonly #sent = new Map<number, SentAttempt<A>>();
  /** The messages of the runner that the lane has not received yet. */
  readonly #arriving: LaneMessage[] = [];
  #isPosting = false;
  #isClosed = false;
  #death: CrashDetails = { reason: 'exit' };

  /** @param gate - Stands before the handlers; undefined if nothing does. */
  constructor(
    handlers: readonly RunnableHandler[],
    interceptors: readonly TaskInterceptor[],
    strictClasses: boolean,
    gate: InlineGate<A> | undefined,
    listener: ChannelListener,
  ) {
    this.#listener = listener;
    this.#runner = new AttemptRunner(
      { slots: this.slots, post: (message, transferList) => this.#postBack(message, transferList) },
      {
        handlers: gate ? handlers.map((handler) => this.#behind(gate, handler)) : handlers,
        interceptors,
        // Uids are sent as they are, the heap is the application's, and no message is waited for.
        uidPrefix: '',
        maxHeapBytes: Infinity,
        strictClasses,
        onIdleAfterShortRun: () => {},
      },
    );
    soon(() => this.#postBack([FromWorker.Ready]));
  }

  postAttempts(attempts: readonly A[], transferList: readonly Transferable[] | undefined): void {
    const run = newRunMessage();
    for (const attempt of attempts) {
      const { slot, uid, args, headers } = attempt;
      addRun(run, slot, uid, args, headers);
      this.#sent.set(slot, { attempt, fault: undefined });
    }
    const message = clone(run, transferList);
    soon(() => NO_CALLER.runInAsyncScope(() => this.#runner.receive(message)));
  }

  post(message: ControlMessage): void {
    if (message[0] === ToWorker.Release) {
      this.end();
      return;
    }
    // At once, so that the caller of `cancel()` finds the signal aborted.
    this.#isPosting = true;
    this.#runner.cancel(message[1], message[2]);
    this.#isPosting = false;
    if (this.#arriving.length > 0) {
      soon(() => this.#deliver());
    }
  }

  end(): void {
    soon(() => this.#listener.onEnded());
  }

  leaveBehind(): void {
    // Nothing is left: a handler that goes on is code of the application.
  }

  close(): CrashDetails {
    this.#deliver();
    this.#isClosed = true;
    return this.#death;
  }

  /** The runner's side. */
  #postBack(message: LaneMessage, transferList?: readonly Transferable[]): void {
    if (this.#isClosed) {
      return;
    }
    this.#arriving.push(clone(this.#orFault(message), transferList));
    // A handler may report while its signal is aborted, and a channel reports nothing while it posts.
    if (!this.#isPosting) {
      this.#deliver();
    }
  }

  #deliver(): void {
    for (let next = this.#arriving.shift(); next; next = this.#arriving.shift()) {
      try {
        this.#listener.receive(next);
      } catch (error) {
        // An error of the library's own: the runner, which has called this, would take it for the handler's.
        soon(() => {
          throw error;
        });
      }
    }
  }

  /** The message, or in the place of an outcome the fault that has ended the attempt with all of its items. */
  #orFault(message: LaneMessage): LaneMessage {
    if (message[0] !== FromWorker.Completed && message[0] !== FromWorker.Failed) {
      return message;
    }
    const [, slot] = message;
    const fault = this.#sent.get(slot)?.fault;
    this.#sent.delete(slot);
    return fault ? [FromWorker.Failed, slot, encodeError(fault.error)] : message;
  }

  /** The handler behind the gate. */
  #behind(gate: InlineGate<A>, handler: RunnableHandler): RunnableHandler {
    const { name, options } = handler.definition;
    const pass = (args: readonly unknown[]) => this.#pass(gate, args);
    const gated = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      await pass(args);
      return handler.definition.run.apply(this, args);
    };
    return {
      definition: { name, run: gated, options },
      get instance() {
        return handler.instance;
      },
    };
  }

  /** Returns when the handler may be called, and throws what comes in its place. */
  async #pass(gate: InlineGate<A>, args: readonly unknown[]): Promise<void> {
    const task = runningTask();
    const sent = task && this.#sent.get(task.slot);
    if (!sent) {
      // Nothing stands before a handler that is called outside of an attempt.
      return;
    }
    const { attempt } = sent;
    const fault = sent.fault ?? (await gate.pass({ attempt, args, signal: task.signal }));
    if (!fault) {
      return;
    }
    if (fault.kind !== 'throw') {
      sent.fault = fault;
    }
    if (fault.kind === 'crash') {
      this.#death = fault.crash;
      this.end();
    }
    throw fault.error;
  }
}

/** An attempt on its way or in hand. */
interface SentAttempt<A> {
  readonly attempt: A;
  /** What the gate ended it with. */
  fault: InlineFault | undefined;
}

/** Stands before the handlers of inline workers, for the tests of users. */
export interface InlineGate<A extends Attempt> {
  /** Resolves when the handler may be called, or with what comes in its place. Rejects as the handler would. */
  pass(call: InlineCall<A>): Promise<InlineFault | undefined>;
}

/** A call of a handler that an inline worker is about to make. */
export interface InlineCall<A extends Attempt> {
  readonly attempt: A;
  /** The arguments of the call: those of one item, if the attempt has several. */
  readonly args: readonly unknown[];
  /** Aborted when the task is cancelled or times out. */
  readonly signal: AbortSignal;
}

/** What comes in the place of a call. */
export type InlineFault =
  /** The handler throws: of several items, this one fails. */
  | { readonly kind: 'throw'; readonly error: unknown }
  /** The attempt fails with all of its items. */
  | { readonly kind: 'fail'; readonly error: unknown }
  /** The worker dies under the attempt. */
  | { readonly kind: 'crash'; readonly crash: CrashDetails; readonly error?: never };

/** A copy, as it arrives at the other end of a port. */
function clone<T>(value: T, transferList: readonly Transferable[] = []): T {
  return structuredClone(value, { transfer: transferList as ArrayBuffer[] });
}

/** In a microtask. Not by `queueMicrotask()`, which fake timers replace as well. */
function soon(work: () => void): void {
  void NOW.then(work);
}
