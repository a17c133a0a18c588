import { getHeapStatistics } from 'node:v8';
import type { MessagePort } from 'node:worker_threads';
import {
  RunMode,
  FromWorker,
  type FromWorkerMessage,
  type LeaseData,
  readRuns,
  type RunMessage,
  type SentRun,
  SHORT_RUN_MS,
  type ItemOutcome,
} from '../protocol/envelope.js';
import { decodeError, encodeError, type EncodedError } from '../protocol/error-codec.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { failedToClone, serializationError, findUncloneable } from '../protocol/uncloneable.js';
import { Slots } from '../protocol/slots.js';
import { takeTransferList } from '../protocol/transfer.js';
import { callForTask, RunningTask, type TaskLink } from './current-task.js';
import type { WorkerHandler } from './container.js';

/** Runs the attempts that a worker is sent, one after another, and answers each by its own message. */
export class AttemptRunner implements TaskLink {
  readonly #waiting: SentRun[] = [];
  #running: RunningTask | undefined = undefined;
  #startedAt = 0;
  #runMs = 0;

  readonly #port: MessagePort;
  readonly #slots: Slots;
  readonly #uidPrefix: string;
  readonly #maxHeapBytes: number;

  constructor(
    { port, slots, uidPrefix, maxHeapBytes }: LeaseData,
    private readonly handlers: readonly WorkerHandler[],
    private readonly onIdleAfterShortRun: () => void,
  ) {
    this.#port = port;
    this.#slots = new Slots(slots);
    this.#uidPrefix = uidPrefix;
    this.#maxHeapBytes = maxHeapBytes;
  }

  receive(message: RunMessage): void {
    readRuns(message, this.#waiting);
    if (!this.#running) {
      this.#runNext();
    }
  }

  /** The flag in shared memory was raised before: this is for code that waits on the signal. */
  cancel(slot: number, reason: EncodedError): void {
    if (this.#running?.slot === slot) {
      this.#running.abort(decodeError(reason));
    }
  }

  isCancelled(slot: number): boolean {
    return this.#slots.isCancelled(slot);
  }

  sendProgress(slot: number, value: unknown): void {
    this.#post([FromWorker.Progress, slot, value]);
  }

  #runNext(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#startedAt = monotonicMs();
      if (this.#slots.begin(next.slot, this.#startedAt)) {
        this.#run(next);
        return;
      }
      this.#post([FromWorker.Skipped, next.slot]);
    }
  }

  #run({ slot, uid, args }: SentRun): void {
    if (this.#slots.reportsStart(slot)) {
      this.#post([FromWorker.Started, slot]);
    }
    const index = this.#slots.handlerIndex(slot);
    const handler = this.handlers[index];
    const name = handler?.definition.name ?? '';
    const attempt = this.#slots.attempt(slot);
    const task = new RunningTask(uid, this.#uidPrefix, name, attempt, slot, this);
    this.#running = task;
    let result: unknown;
    try {
      if (!handler) {
        throw new Error(`The worker knows no handler number ${index}`);
      }
      const run = inMode(handler.definition.run, this.#slots.mode(slot), task);
      result = callForTask(task, run, handler.instance, args);
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
      this.onIdleAfterShortRun();
    }
  }

  #complete({ slot, uid, handler }: RunningTask, result: unknown): void {
    this.#noteRunMs(slot);
    const isChunk = this.#slots.mode(slot) === RunMode.Chunk;
    const transferList = takeTransferList(isChunk ? (result as unknown[]) : [result]);
    // Before it is sent, since what V8 can write but not read (nested too deeply) would take with it
    // whatever is sent behind it.
    const culprit = findUncloneable(result, 'result', transferList);
    if (culprit) {
      throw serializationError(culprit, { uid, handler });
    }
    try {
      this.#port.postMessage([FromWorker.Completed, slot, result], transferList);
    } catch (error) {
      throw failedToClone(result, 'result', transferList, error, { uid, handler });
    }
  }

  #fail({ slot }: RunningTask, thrown: unknown): void {
    this.#noteRunMs(slot);
    this.#post([FromWorker.Failed, slot, encodeError(thrown)]);
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
      this.#post([FromWorker.HeapLimit]);
    }
  }

  #post(message: FromWorkerMessage): void {
    this.#port.postMessage(message);
  }
}

type Run = (this: unknown, ...args: unknown[]) => unknown;

/** The handler as the attempt's mode calls it. */
export function inMode(run: Run, mode: RunMode, task: RunningTask): Run {
  if (mode === RunMode.Single) {
    return run;
  }
  return mode === RunMode.Chunk ? overItems(run, task) : settledOverItems(run, task);
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

function settledOverItems(run: Run, task: RunningTask): Run {
  return async function (this: unknown, ...items: unknown[]) {
    const outcomes: ItemOutcome[] = [];
    for (const args of items as unknown[][]) {
      task.throwIfCancelled();
      try {
        const result: unknown = await run.apply(this, args);
        refuseUncloneable(result, task);
        outcomes.push([true, result]);
      } catch (error) {
        outcomes.push([false, encodeError(error)]);
      }
    }
    return outcomes;
  };
}

/** Here rather than with the whole chunk, so that it costs this item only. */
function refuseUncloneable(result: unknown, { uid, handler }: RunningTask): void {
  const culprit = findUncloneable(result, 'result');
  if (culprit) {
    throw serializationError(culprit, { uid, handler });
  }
}
