import { getHeapStatistics } from 'node:v8';
import type { MessagePort } from 'node:worker_threads';
import { RunMode } from '../protocol/chunk.js';
import { decodeError, encodeError } from '../protocol/error-codec.js';
import {
  FromWorker,
  type FromWorkerMessage,
  type LeaseData,
  type RunMessage,
} from '../protocol/envelope.js';
import type { EncodedError } from '../protocol/error-codec.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { Slots } from '../protocol/slots.js';
import { takeTransferList } from '../protocol/transfer.js';
import { findUncloneable } from '../protocol/uncloneable.js';
import { TaskSerializationError } from '../tasks/errors.js';
import { inMode } from './over-items.js';
import { callForTask } from './current-task.js';
import { RunningTask, type TaskLink } from './running-task.js';
import type { WorkerHandler } from './container.js';

/** Runs the attempts that a worker is sent, one after another, and answers each by its own message. */
export class AttemptRunner implements TaskLink {
  readonly #waiting: RunMessage[] = [];
  #running: RunningTask | undefined = undefined;
  #working = false;

  readonly #port: MessagePort;
  readonly #slots: Slots;
  readonly #uidPrefix: string;
  readonly #maxHeapBytes: number;

  constructor(
    { port, slots, uidPrefix, maxHeapBytes }: LeaseData,
    private readonly handlers: readonly WorkerHandler[],
  ) {
    this.#port = port;
    this.#slots = new Slots(slots);
    this.#uidPrefix = uidPrefix;
    this.#maxHeapBytes = maxHeapBytes;
  }

  receive(message: RunMessage): void {
    this.#waiting.push(message);
    if (!this.#working) {
      void this.#work();
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

  async #work(): Promise<void> {
    this.#working = true;
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) {
      await this.#run(message);
    }
    this.#working = false;
  }

  async #run([, slot, index, uid, attempt, args, tellStart, mode]: RunMessage): Promise<void> {
    const startedAt = monotonicMs();
    if (!this.#slots.begin(slot, startedAt)) {
      this.#post([FromWorker.Skipped, slot]);
      return;
    }
    if (tellStart) {
      this.#post([FromWorker.Started, slot]);
    }
    const handler = this.handlers[index];
    const task = new RunningTask(
      uid,
      this.#uidPrefix,
      handler?.definition.name ?? '',
      attempt,
      slot,
      this,
    );
    this.#running = task;
    try {
      if (!handler) {
        throw new Error(`The worker knows no handler number ${index}`);
      }
      const run = inMode(handler.definition.run, mode, task);
      const result = await callForTask(task, run, handler.instance, args);
      task.end();
      this.#complete(task, result, mode, startedAt);
    } catch (thrown) {
      task.end();
      this.#fail(slot, thrown, startedAt);
    }
    this.#running = undefined;
    this.#checkHeap();
  }

  #complete(task: RunningTask, result: unknown, mode: RunMode, startedAt: number): void {
    const runMs = monotonicMs() - startedAt;
    const transferList = takeTransferList(
      mode === RunMode.Chunk ? (result as unknown[]) : [result],
    );
    // Before it is sent, since what V8 can write but not read (nested too deeply) would take with it
    // whatever is sent behind it.
    const culprit = findUncloneable(result, 'result', transferList);
    const message: FromWorkerMessage = [FromWorker.Completed, task.slot, result, runMs];
    let cause = culprit?.cause;
    if (!culprit) {
      try {
        this.#port.postMessage(message, transferList);
        return;
      } catch (error) {
        cause = error;
      }
    }
    const { path, what } = culprit ?? { path: 'result', what: 'cannot be cloned' };
    throw new TaskSerializationError(
      path,
      what,
      { uid: task.uid, handler: task.handler },
      cause === undefined ? undefined : { cause },
    );
  }

  #fail(slot: number, thrown: unknown, startedAt: number): void {
    this.#post([FromWorker.Failed, slot, encodeError(thrown), monotonicMs() - startedAt]);
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
