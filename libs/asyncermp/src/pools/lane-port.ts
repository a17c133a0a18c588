import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { Doorbell } from '../protocol/doorbell.js';
import type { FromWorkerMessage, ToWorkerMessage } from '../protocol/envelope.js';
import type { TaskSerializationError } from '../tasks/errors.js';
import type { Attempt } from './lane.js';
import { postAttempts } from './post-attempts.js';

/** How many messages are read in one go: what else waits for the event loop has its turn then. */
const MOST_AT_ONCE = 64;

/** The application's end of a lease's port: what is posted wakes the worker, wherever it waits. */
export class LanePort {
  readonly #doorbell = new Doorbell();

  /**
   * @param receive - Takes a message of the worker.
   * @param lostAnswer - An answer cannot be read, and nobody can tell whose it was.
   */
  constructor(
    private readonly port: MessagePort,
    private readonly receive: (message: FromWorkerMessage) => void,
    private readonly lostAnswer: (error: unknown) => void,
  ) {
    port.on('message', (message: FromWorkerMessage) => {
      receive(message);
      this.#receiveArrived(MOST_AT_ONCE);
    });
    port.on('messageerror', lostAnswer);
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

  /** The worker is gone: takes what it had answered before, which is on this side already. */
  close(): void {
    this.#receiveArrived(Infinity);
    this.port.close();
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
      this.receive(entry.message);
    }
  }

  #nextArrived(): { readonly message: FromWorkerMessage } | undefined {
    try {
      return receiveMessageOnPort(this.port);
    } catch (error) {
      this.lostAnswer(error);
      return undefined;
    }
  }
}
