import { getHeapStatistics } from 'node:v8';
import type { Transferable } from 'node:worker_threads';
import type { RunInput, TaskHeaders, TaskInterceptor } from '../contract/interceptor.js';
import type { HandlerDefinition } from '../injection/handler-registry.js';
import {
  FromWorker,
  RunMode,
  SHORT_RUN_MS,
  readRuns,
  type ItemOutcome,
  type LaneMessage,
  type RunMessage,
  type SentArgs,
  type SentRun,
} from '../protocol/envelope.js';
import { decodeError, encodeError, type EncodedError } from '../protocol/error-codec.js';
import type { Run } from '../protocol/handler-call.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import type { RunnerSlots } from '../protocol/slots.js';
import { takeTransferList } from '../protocol/transfer.js';
import { decodeIncoming, prepareOutgoing, type Crossing } from '../protocol/outgoing.js';
import { failedToClone, inspectOutgoing, serializationError } from '../protocol/uncloneable.js';
import { RunningTask, callForTask, type TaskLink } from './current-task.js';
import { allInterceptors } from './interceptors.js';

/** What connects a runner with its lane in the application, whatever carries the messages. */
interface RunnerConnection {
  readonly slots: RunnerSlots;
  /** @throws where the message cannot be cloned: nothing of it was sent then */
  post(message: LaneMessage, transferList?: readonly Transferable[]): void;
}

/** A handler that is ready to run: `definition.run.apply(instance, args)`. */
export interface RunnableHandler {
  readonly definition: Pick<HandlerDefinition, 'name' | 'run' | 'options'>;
  readonly instance: unknown;
}

/** What a runner is made with, once its worker is ready. */
interface AttemptRunnerOptions {
  /** In the order of the manifest's handlers. */
  readonly handlers: readonly RunnableHandler[];
  /** The application's own, around those of the thread. */
  readonly interceptors: readonly TaskInterceptor[];
  /** The prefix that makes a uid of a task's number. */
  readonly uidPrefix: string;
  /** The heap in use, in bytes, above which the worker asks to be replaced; Infinity for never. */
  readonly maxHeapBytes: number;
  /** Whether results lose no class, where their handler says nothing else. */
  readonly strictClasses: boolean;
  /** Called when a short run is over and nothing waits. */
  readonly onIdleAfterShortRun: () => void;
}

/** Runs the attempts that a worker is sent, one after another, and answers each by its own message. */
export class AttemptRunner implements TaskLink {
  readonly #waiting: SentRun[] = [];
  #running: RunningTask | undefined = undefined;
  #startedAt = 0;
  #runMs = 0;

  readonly #connection: RunnerConnection;
  readonly #slots: RunnerSlots;
  readonly #handlers: readonly RunnableHandler[];
  readonly #interceptors: readonly TaskInterceptor[];
  readonly #uidPrefix: string;
  readonly #maxHeapBytes: number;
  readonly #strictClasses: boolean;
  readonly #onIdleAfterShortRun: () => void;

  constructor(
    connection: RunnerConnection,
    {
      handlers,
      interceptors,
      uidPrefix,
      maxHeapBytes,
      strictClasses,
      onIdleAfterShortRun,
    }: AttemptRunnerOptions,
  ) {
    this.#connection = connection;
    this.#slots = connection.slots;
    this.#handlers = handlers;
    this.#interceptors = interceptors;
    this.#uidPrefix = uidPrefix;
    this.#maxHeapBytes = maxHeapBytes;
    this.#strictClasses = strictClasses;
    this.#onIdleAfterShortRun = onIdleAfterShortRun;
  }

  /** Attempts to run, behind those that came before. */
  receive(message: RunMessage): void {
    readRuns(message, this.#waiting);
    if (!this.#running) {
      this.#runNext();
    }
  }

  /** The flag in the slot was raised before: this is for code that waits on the signal. */
  cancel(slot: number, reason: EncodedError): void {
    if (this.#running?.slot === slot) {
      this.#running.abort(decodeError(reason));
    }
  }

  isCancelled(slot: number): boolean {
    return this.#slots.isCancelled(slot);
  }

  prepareProgress({ slot, uid, handler }: RunningTask, value: unknown): Crossing | undefined {
    return prepareOutgoing(value, 'progress', this.#isStrict(slot), { uid, handler });
  }

  sendProgress(slot: number, value: unknown, crossing: Crossing | undefined): void {
    this.#connection.post(
      crossing
        ? [FromWorker.Progress, slot, crossing.encoded ? undefined : value, crossing]
        : [FromWorker.Progress, slot, value],
    );
  }

  #runNext(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#startedAt = monotonicMs();
      if (this.#slots.begin(next.slot, this.#startedAt)) {
        this.#run(next);
        return;
      }
      this.#connection.post([FromWorker.Skipped, next.slot]);
    }
  }

  #run({ slot, uid, args, headers }: SentRun): void {
    const index = this.#slots.handlerIndex(slot);
    const handler = this.#handlers[index];
    const name = handler?.definition.name ?? '';
    const attempt = this.#slots.attempt(slot);
    const task = new RunningTask(uid, this.#uidPrefix, name, attempt, slot, this);
    this.#running = task;
    if (this.#slots.reportStart(slot)) {
      this.#connection.post([FromWorker.Started, slot]);
    }
    let result: unknown;
    try {
      if (!handler) {
        throw new Error(`The worker knows no handler number ${index}`);
      }
      const isStrict = this.#isStrict(slot);
      const run = inMode(handler.definition.run, this.#slots.mode(slot), task, isStrict);
      const given = argsOf(args, task);
      const around = allInterceptors(this.#interceptors);
      const call = around.length === 0 ? run : intercepted(run, around, task, headers);
      result = callForTask(task, call, handler.instance, given);
    } catch (thrown) {
      result = Promise.reject(thrown);
    }
    // Two functions for all attempts rather than an `await`: every promise costs on Node 20, which calls
    // hooks for it as long as there is an AsyncLocalStorage.
    Promise.resolve(result).then(this.#onReturned, this.#onThrown);
  }

  readonly #onReturned = (result: unknown): void => {
    const task = this.#running;
    if (task) {
      task.end();
      try {
        this.#complete(task, result);
      } catch (error) {
        this.#fail(task, error);
      }
      this.#finish();
    }
  };

  readonly #onThrown = (thrown: unknown): void => {
    const task = this.#running;
    if (task) {
      task.end();
      this.#fail(task, thrown);
      this.#finish();
    }
  };

  #finish(): void {
    this.#running = undefined;
    this.#checkHeap();
    this.#runNext();
    if (!this.#running && this.#runMs < SHORT_RUN_MS) {
      this.#onIdleAfterShortRun();
    }
  }

  #complete(task: RunningTask, result: unknown): void {
    this.#noteRunMs(task.slot);
    if (this.#slots.mode(task.slot) !== RunMode.SettledChunk) {
      this.#send(task, result);
      return;
    }
    try {
      this.#send(task, result);
    } catch {
      // Each item was looked at: what a getter returns must have changed since. It costs its own item only.
      const isStrict = this.#isStrict(task.slot);
      const outcomes = result as ItemOutcome[];
      this.#send(
        task,
        outcomes.map((outcome) => snapshotOf(outcome, task, isStrict)),
      );
    }
  }

  #send({ slot, uid, handler }: RunningTask, result: unknown): void {
    const isChunk = this.#slots.mode(slot) === RunMode.Chunk;
    const transferList = takeTransferList(isChunk ? (result as unknown[]) : [result]);
    // Before it is sent: what V8 can write and not read (nested too deeply) would be lost with all that is
    // sent behind it.
    const subject = { uid, handler };
    const crossing = prepareOutgoing(result, 'result', this.#isStrict(slot), subject, transferList);
    try {
      this.#connection.post(
        crossing
          ? [FromWorker.Completed, slot, crossing.encoded ? undefined : result, crossing]
          : [FromWorker.Completed, slot, result],
        transferList,
      );
    } catch (error) {
      throw failedToClone(result, 'result', transferList, error, subject);
    }
  }

  /** Whether what this attempt sends may lose no class. */
  #isStrict(slot: number): boolean {
    const definition = this.#handlers[this.#slots.handlerIndex(slot)]?.definition;
    return definition?.options.strictClasses ?? this.#strictClasses;
  }

  #fail({ slot }: RunningTask, thrown: unknown): void {
    this.#noteRunMs(slot);
    this.#connection.post([FromWorker.Failed, slot, encodeError(thrown)]);
  }

  #noteRunMs(slot: number): void {
    this.#runMs = monotonicMs() - this.#startedAt;
    this.#slots.noteRunMs(slot, this.#runMs);
  }

  #checkHeap(): void {
    if (
      this.#maxHeapBytes !== Infinity &&
      getHeapStatistics().used_heap_size > this.#maxHeapBytes
    ) {
      this.#connection.post([FromWorker.HeapLimit]);
    }
  }
}

/** The handler inside of the interceptors, the first one outermost. */
function intercepted(
  run: Run,
  interceptors: readonly TaskInterceptor[],
  task: RunningTask,
  headers: TaskHeaders | undefined,
): Run {
  return function (this: unknown, ...args: unknown[]) {
    const { uid, handler, attempt } = task;
    const input = { uid, handler, attempt, headers };
    return through(interceptors, 0, input, () => run.apply(this, args));
  };
}

/** The arguments as the handler takes them. */
function argsOf(args: SentArgs, { uid, handler }: RunningTask): readonly unknown[] {
  return isEncoded(args)
    ? (decodeIncoming(args, 'args', { uid, handler }) as readonly unknown[])
    : args;
}

function isEncoded(args: SentArgs): args is Exclude<SentArgs, readonly unknown[]> {
  return !Array.isArray(args);
}

/** Runs through the interceptors from that place on. */
function through(
  interceptors: readonly TaskInterceptor[],
  place: number,
  input: RunInput,
  call: () => unknown,
): unknown {
  const interceptor = interceptors[place];
  if (interceptor === undefined) {
    return call();
  }
  const isLast = place + 1 === interceptors.length;
  const next = isLast ? call : (given: RunInput) => through(interceptors, place + 1, given, call);
  return interceptor.run ? interceptor.run(input, next) : next(input);
}

/** The handler as the attempt's mode calls it. */
function inMode(run: Run, mode: RunMode, task: RunningTask, isStrict: boolean): Run {
  if (mode === RunMode.Single) {
    return run;
  }
  return mode === RunMode.Chunk ? overItems(run, task) : settledOverItems(run, task, isStrict);
}

function overItems(run: Run, task: RunningTask): Run {
  return async function (this: unknown, ...items: unknown[]) {
    const results: unknown[] = [];
    for (const args of items as unknown[][]) {
      task.throwIfCancelled();
      const result = run.apply(this, args);
      results.push(result instanceof Promise ? await result : result);
    }
    return results;
  };
}

function settledOverItems(run: Run, task: RunningTask, isStrict: boolean): Run {
  return async function (this: unknown, ...items: unknown[]) {
    const outcomes: ItemOutcome[] = [];
    for (const args of items as unknown[][]) {
      task.throwIfCancelled();
      try {
        const result: unknown = await run.apply(this, args);
        refuseUnsendable(result, task, isStrict);
        outcomes.push([true, result]);
      } catch (error) {
        outcomes.push([false, encodeError(error)]);
      }
    }
    return outcomes;
  };
}

/** The same outcome without getters, or with what they throw. */
function snapshotOf(outcome: ItemOutcome, task: RunningTask, isStrict: boolean): ItemOutcome {
  if (!outcome[0]) {
    return outcome;
  }
  try {
    refuseUnsendable(outcome[1], task, isStrict);
    const inspection = inspectOutgoing(outcome[1], 'result', isStrict || undefined);
    return [true, inspection?.needsEncoding ? outcome[1] : cloneOf(outcome[1], task)];
  } catch (error) {
    return [false, encodeError(error)];
  }
}

/** @throws TaskSerializationError */
function cloneOf(result: unknown, { uid, handler }: RunningTask): unknown {
  try {
    return structuredClone(result);
  } catch (error) {
    throw failedToClone(result, 'result', undefined, error, { uid, handler });
  }
}

/** Here rather than with the whole chunk, so that it costs this item only. */
function refuseUnsendable(result: unknown, task: RunningTask, isStrict: boolean): void {
  // The classes that it loses are noted when the chunk is sent.
  const inspection = inspectOutgoing(result, 'result', isStrict || undefined);
  const subject = { uid: task.uid, handler: task.handler };
  if (inspection?.culprit) {
    throw serializationError(inspection.culprit, subject);
  }
  if (inspection?.needsEncoding) {
    // Only to see whether to() of a class throws.
    prepareOutgoing(result, 'result', isStrict || undefined, subject);
  }
}
