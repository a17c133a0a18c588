import { MessageChannel } from 'node:worker_threads';
import { decodeError, encodeError } from '../protocol/error-codec.js';
import {
  FromWorker,
  ToWorker,
  type AttemptMessage,
  type FromWorkerMessage,
} from '../protocol/envelope.js';
import { Slots, SLOT_COUNT } from '../protocol/slots.js';
import type { Attempt } from './channels/channel.js';
import type { Lane, LaneListener } from './lane.js';
import {
  LanePort,
  ThreadDeath,
  ThreadLease,
  type ThreadOptions,
} from './channels/thread.channel.js';
import { imageFailed } from './channels/worker-image.js';

/** A lane on a worker thread: the attempts travel over a port of the thread's lease. */
export class WorkerLane<A extends Attempt> implements Lane<A> {
  readonly #port: LanePort;
  readonly #slots = new Slots();
  readonly #table = new SlotTable<A>();
  #lease: ThreadLease | undefined = undefined;
  readonly #death = new ThreadDeath();
  /** Set once the worker is being ended by force. */
  #killed = false;
  /** The slots of what is to be sent. */
  #outbox: number[] = [];
  #ended = false;

  constructor(
    readonly id: number,
    private readonly options: ThreadOptions,
    private readonly listener: LaneListener<A>,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.#port = new LanePort(port1, {
      receive: (message) => this.#receive(message),
      lostAnswer: (error) => this.#lostAnswer(error),
      onClosed: () => this.#closed(),
    });
    const { buffer: slots } = this.#slots;
    const { doorbell } = this.#port;
    try {
      this.#lease = new ThreadLease(port2, { slots, doorbell, worker: id }, options, {
        onError: (error) => this.#death.note(error),
        onExit: (code) => {
          this.#death.exited(code);
          this.#end();
        },
      });
    } catch (error) {
      this.#death.neverStarted(error);
      queueMicrotask(() => this.#end());
    }
  }

  get load(): number {
    return this.#table.used;
  }

  send(attempt: A, reportStart: boolean): void {
    const slot = this.#table.put(attempt);
    this.#slots.occupy(slot, attempt, reportStart);
    this.#outbox.push(slot);
  }

  flush(): void {
    const slots = this.#outbox;
    this.#outbox = [];
    const attempts: A[] = [];
    for (const slot of slots) {
      const attempt = this.#table.at(slot);
      if (attempt) {
        attempts.push(attempt);
      } else {
        // Taken back before it was sent.
        this.#release(slot);
        queueMicrotask(() => this.listener.onSkipped(this));
      }
    }
    this.#port.postAttempts(attempts, (attempt, error) => {
      this.#release(attempt.slot);
      this.listener.onUnsendable(this, attempt, error);
    });
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
      this.#port.post([ToWorker.Cancel, attempt.slot, encodeError(reason)]);
    }
  }

  kill(): void {
    this.#killed = true;
    this.#death.expected();
    this.#lease?.end();
  }

  giveUp(error: Error): void {
    this.#death.neverStarted(error);
    this.kill();
  }

  release(): void {
    this.#death.expected();
    this.#port.post([ToWorker.Release]);
  }

  /** An answer cannot be read, and nobody can tell whose it was. */
  #lostAnswer(error: unknown): void {
    this.#death.note(error);
    this.#lease?.end();
  }

  #receive(message: FromWorkerMessage): void {
    switch (message[0]) {
      case FromWorker.Completed:
      case FromWorker.Failed:
      case FromWorker.Progress:
      case FromWorker.Started: {
        const attempt = this.#table.at(message[1]);
        if (attempt) {
          this.#receiveOf(attempt, message);
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
      case FromWorker.CodeCache:
        this.options.image?.keep(message[1]);
        break;
      case FromWorker.ImageFailed:
        this.options.image?.drop();
        this.listener.onLog(this, 'warn', imageFailed(message[1]));
        break;
      case FromWorker.Log:
        this.listener.onLog(this, message[1], message[2]);
        break;
    }
  }

  #receiveOf(attempt: A, message: AttemptMessage): void {
    const { slot } = attempt;
    const startedAt = this.#slots.startedAt(slot) ?? Number.NaN;
    const runMs = this.#slots.runMs(slot);
    switch (message[0]) {
      case FromWorker.Completed:
        this.#release(slot);
        this.listener.onCompleted(this, attempt, message[2], startedAt, runMs);
        break;
      case FromWorker.Failed:
        this.#release(slot);
        this.listener.onFailed(this, attempt, message[2], startedAt, runMs);
        break;
      case FromWorker.Progress:
        this.listener.onProgress(this, attempt, message[2]);
        break;
      case FromWorker.Started:
        this.listener.onStarted(this, attempt);
        break;
    }
  }

  /**
   * Node closes the ports of a thread that it has stopped, before it frees the thread's memory, which takes
   * some milliseconds: nothing of a killed worker runs any more. Of one that ends by itself the exit has more
   * to tell.
   */
  #closed(): void {
    if (this.#killed) {
      this.#end();
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
    this.listener.onEnding(this);
    this.#port.close();
    this.#outbox = [];
    const held = this.#table.attempts();
    const running = held.find(({ slot }) => this.#slots.isStarted(slot));
    const runningSince = running && this.#slots.startedAt(running.slot);
    const waiting = held.filter((attempt) => attempt !== running);
    for (const { slot } of held) {
      this.#release(slot);
    }
    const gone = this.#lease?.gone ?? Promise.resolve();
    this.listener.onEnded(this, { running, runningSince, waiting, gone, ...this.#death.report() });
  }
}

/** Which attempt is in which slot of a lane. */
export class SlotTable<A extends Attempt> {
  readonly #attempts: (A | undefined)[] = Array.from({ length: SLOT_COUNT }, () => undefined);
  readonly #free: number[] = Array.from({ length: SLOT_COUNT }, (_, slot) => SLOT_COUNT - 1 - slot);

  get used(): number {
    return SLOT_COUNT - this.#free.length;
  }

  put(attempt: A): number {
    const slot = this.#free.pop();
    if (slot === undefined) {
      throw new RangeError(`A lane holds at most ${SLOT_COUNT} attempts`);
    }
    this.#attempts[slot] = attempt;
    attempt.slot = slot;
    return slot;
  }

  at(slot: number): A | undefined {
    return this.#attempts[slot];
  }

  holds(attempt: A): boolean {
    return attempt.slot >= 0 && this.#attempts[attempt.slot] === attempt;
  }

  /** The attempt is no longer the lane's, but its slot stays taken until {@link free}. */
  detach(slot: number): void {
    const attempt = this.#attempts[slot];
    this.#attempts[slot] = undefined;
    if (attempt) {
      attempt.slot = -1;
    }
  }

  free(slot: number): void {
    this.detach(slot);
    this.#free.push(slot);
  }

  /** Those that are in it, in no order. */
  attempts(): A[] {
    return this.#attempts.filter((attempt) => attempt !== undefined);
  }
}
