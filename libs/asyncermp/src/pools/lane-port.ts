import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { Doorbell } from '../protocol/doorbell.js';
import type { FromWorkerMessage, ToWorkerMessage } from '../protocol/envelope.js';
import type { TaskSerializationError } from '../tasks/errors.js';
import type { Attempt } from './lane.js';
import { postAttempts } from './post-attempts.js';

/** How many messages are read in one go: what else waits for the event loop has its turn then. */
const MOST_AT_ONCE = 64;

/** What comes over a lease's port. */
export interface LanePortEvents {
  /** A message of the worker. */
  receive(message: FromWorkerMessage): void;
  /** An answer cannot be read, and nobody can tell whose it was. */
  lostAnswer(error: unknown): void;
  /** The other end is closed, and all that came over it was received; or this end was closed. */
  onClosed(): void;
}

/** The application's end of a lease's port: what is posted wakes the worker, wherever it waits. */
export class LanePort {
  readonly #doorbell = new Doorbell();
  #closed = false;

  constructor(
    private readonly port: MessagePort,
    private readonly events: LanePortEvents,
  ) {
    port.on('message', (message: FromWorkerMessage) => {
      events.receive(message);
      this.#receiveArrived(MOST_AT_ONCE);
    });
    port.on('messageerror', (error) => events.lostAnswer(error));
    port.on('close', () => {
      this.#closed = true;
      events.onClosed();
    });
  }

  /** What the worker is given, to know that something was posted. */
  get doorbell(): SharedArrayBuffer {
    return this.#doorbell.buffer;
  }

  post(message: ToWorkerMessage): void {
    this.port.postMessage(message);
    this.#doorbell.ring();
  }

  /** Like {@link postAttempts}. */
  postAttempts<A extends Attempt>(
    attempts: readonly A[],
    onUnsendable: (attempt: A, error: TaskSerializationError) => void,
  ): void {
    postAttempts(this.port, attempts, onUnsendable);
    this.#doorbell.ring();
  }

  /** The worker has ended: takes what it had answered before, which is on this side already. */
  close(): void {
    // A port that has told that it is closed has nothing left; and Node 20 to 24 crash when asked for it then.
    if (!this.#closed) {
      this.#receiveArrived(Infinity);
      this.port.close();
    }
  }

  /**
   * Takes what else has arrived: for each message an event of its own would cost twice as much, and what
   * is sent in answer goes all in one.
   */
  #receiveArrived(most: number): void {
    for (let taken = 0; taken < most; taken++) {
      const entry = this.#nextArrived();
      if (!entry) {
        return;
      }
      this.events.receive(entry.message);
    }
  }

  #nextArrived(): { readonly message: FromWorkerMessage } | undefined {
    try {
      return receiveMessageOnPort(this.port);
    } catch (error) {
      this.events.lostAnswer(error);
      return undefined;
    }
  }
}
