import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { decodeError, encodeError } from '../protocol/error-codec.js';
import {
  FromWorker,
  ToWorker,
  type FromWorkerMessage,
  type LeaseData,
  type RunMessage,
} from '../protocol/envelope.js';
import { Slots } from '../protocol/slots.js';
import { findUncloneable } from '../protocol/uncloneable.js';
import { TaskSerializationError } from '../tasks/errors.js';
import type { Attempt, Lane, LaneListener } from './lane.js';
import { SlotTable } from './slot-table.js';
import { ThreadDeath } from './thread-death.js';
import type { ThreadOptions } from './thread.pool.js';

/**
 * A lane on a worker thread. piscina makes, limits, guards and ends the thread: one `run()` is the
 * lease, and lasts as long as the lane. The attempts travel over a port of the lease.
 *
 * Each lane has a piscina of one thread. So the lane knows its thread from the first moment, the number
 * of lanes can change at will, and what piscina does when a thread dies early (in 5.3.2 it gives up for
 * good, or starts the next one at once, and again) concerns nobody: it is left alone once it had its
 * thread.
 */
export class ThreadLane<A extends Attempt> implements Lane<A> {
  readonly #port: MessagePort;
  readonly #slots = new Slots();
  readonly #table = new SlotTable<A>();
  readonly #lease = new AbortController();
  readonly #death = new ThreadDeath();
  #outbox: RunMessage[] = [];
  /** Whether something in the outbox is handed over, and so travels alone. */
  #handsOver = false;
  #ended = false;

  constructor(
    readonly id: number,
    private readonly options: ThreadOptions,
    private readonly listener: LaneListener<A>,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromWorkerMessage) => this.#receive(message));
    port1.on('messageerror', (error) => {
      this.#death.note(error);
      this.kill();
    });
    try {
      this.#start(port2);
    } catch (error) {
      // Node refuses to make the thread at all: an option of its own in execArgv, say.
      this.#death.neverStarted(error);
      queueMicrotask(() => this.#end());
    }
  }

  #start(port: MessagePort): void {
    const { manifest, uidPrefix, maxHeapBytes, workerFile, env, execArgv, resourceLimits } =
      this.options;
    const pool = new Piscina({
      // The thread is made by the run() below, which makes it known at once.
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: 0,
      // 'sync' freezes the thread between tasks, and with it the timers and sockets of its providers.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits,
      ...(env !== undefined && { env }),
      ...(execArgv !== undefined && { execArgv: [...execArgv] }),
    });
    // Told by the thread's own events below; without a listener it would end the application.
    pool.on('error', () => {});
    const lease: LeaseData = {
      port,
      slots: this.#slots.buffer,
      manifest,
      uidPrefix,
      worker: this.id,
      maxHeapBytes,
    };
    // Its outcome is told by the thread's exit, which comes later and always.
    pool
      .run(lease, { filename: workerFile, transferList: [port], signal: this.#lease.signal })
      .catch(() => {});
    const [thread] = pool.threads;
    if (!thread) {
      throw new Error('piscina made no thread');
    }
    thread.on('error', (error) => this.#death.note(error));
    thread.once('exit', (code) => {
      this.#death.exited(code);
      this.#end();
    });
  }

  get load(): number {
    return this.#table.used;
  }

  send(attempt: A, tellStart: boolean): void {
    const slot = this.#table.put(attempt);
    this.#slots.occupy(slot);
    this.#outbox.push([
      ToWorker.Run,
      slot,
      attempt.handlerIndex,
      attempt.givenUid ?? attempt.seq,
      attempt.attempt,
      attempt.args,
      tellStart,
      attempt.mode,
    ]);
    this.#handsOver ||= attempt.transferList !== undefined;
  }

  flush(): void {
    const messages = this.#outbox;
    const [first] = messages;
    if (!first) {
      return;
    }
    const isTogether = messages.length > 1 && !this.#handsOver;
    this.#outbox = [];
    this.#handsOver = false;
    if (isTogether) {
      try {
        this.#port.postMessage([ToWorker.RunMany, messages]);
        return;
      } catch {
        // One of them cannot be cloned: each for itself, to see which.
      }
    }
    for (const message of messages) {
      this.#post(message);
    }
  }

  #post(message: RunMessage): void {
    const [, slot] = message;
    const attempt = this.#table.at(slot);
    if (!attempt) {
      // Taken back before it was sent.
      this.#release(slot);
      queueMicrotask(() => this.listener.onSkipped(this));
      return;
    }
    try {
      this.#port.postMessage(message, attempt.transferList);
    } catch (error) {
      this.#release(slot);
      const culprit = findUncloneable(attempt.args, 'args', attempt.transferList);
      const sendError = new TaskSerializationError(
        culprit?.path ?? 'args',
        culprit?.what ?? `cannot be cloned (${String(error)})`,
        { uid: attempt.uid, handler: attempt.handlerName },
        { cause: error },
      );
      this.listener.onUnsendable(this, attempt, sendError);
    }
  }

  isStarted(attempt: A): boolean {
    return this.#table.holds(attempt) && this.#slots.isStarted(attempt.slot);
  }

  startedAt(attempt: A): number | undefined {
    return this.#table.holds(attempt) ? this.#slots.startedAt(attempt.slot) : undefined;
  }

  revoke(attempt: A): boolean {
    const { slot } = attempt;
    if (!this.#table.holds(attempt) || !this.#slots.revoke(slot)) {
      return false;
    }
    // The worker still has the message: the slot is not used again before it has passed over it.
    this.#table.detach(slot);
    return true;
  }

  held(): A[] {
    return this.#table.attempts();
  }

  cancel(attempt: A, reason: unknown): void {
    if (this.#table.holds(attempt)) {
      this.#slots.cancel(attempt.slot);
      this.#port.postMessage([ToWorker.Cancel, attempt.slot, encodeError(reason)]);
    }
  }

  kill(): void {
    this.#death.expected();
    this.#lease.abort();
  }

  release(): void {
    this.#death.expected();
    this.#port.postMessage([ToWorker.Release]);
  }

  #receive(message: FromWorkerMessage): void {
    switch (message[0]) {
      case FromWorker.Completed: {
        const [, slot, result, runMs] = message;
        const attempt = this.#table.at(slot);
        if (attempt) {
          const startedAt = this.#slots.startedAt(slot) ?? Number.NaN;
          this.#release(slot);
          this.listener.onCompleted(this, attempt, result, startedAt, runMs);
        }
        break;
      }
      case FromWorker.Failed: {
        const [, slot, error, runMs] = message;
        const attempt = this.#table.at(slot);
        if (attempt) {
          const startedAt = this.#slots.startedAt(slot) ?? Number.NaN;
          this.#release(slot);
          this.listener.onFailed(this, attempt, error, startedAt, runMs);
        }
        break;
      }
      case FromWorker.Progress: {
        const attempt = this.#table.at(message[1]);
        if (attempt) {
          this.listener.onProgress(this, attempt, message[2]);
        }
        break;
      }
      case FromWorker.Started: {
        const attempt = this.#table.at(message[1]);
        if (attempt) {
          this.listener.onStarted(this, attempt);
        }
        break;
      }
      case FromWorker.Skipped:
        this.#release(message[1]);
        this.listener.onSkipped(this);
        break;
      case FromWorker.Ready:
        this.#death.started();
        this.listener.onReady(this);
        break;
      case FromWorker.StartFailed:
        this.#death.neverStarted(decodeError(message[1]));
        break;
      case FromWorker.HeapLimit:
        this.listener.onHeapLimit(this);
        break;
      case FromWorker.Log:
        this.listener.onLog(this, message[1], message[2]);
        break;
    }
  }

  #release(slot: number): void {
    this.#slots.free(slot);
    this.#table.free(slot);
  }

  #end(): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    // What the worker had answered before it died is on this side of the port already.
    for (
      let entry = receiveMessageOnPort(this.#port);
      entry;
      entry = receiveMessageOnPort(this.#port)
    ) {
      this.#receive(entry.message as FromWorkerMessage);
    }
    this.#port.close();
    const held = this.#table.attempts();
    const running = held.find(({ slot }) => this.#slots.isStarted(slot));
    const runningSince = running && this.#slots.startedAt(running.slot);
    const waiting = held.filter((attempt) => attempt !== running);
    for (const { slot } of held) {
      this.#release(slot);
    }
    this.listener.onEnded(this, { running, runningSince, waiting, ...this.#death.report() });
  }
}
