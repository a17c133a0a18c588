import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { Doorbell } from '../protocol/doorbell.js';
import type { LeaseData, ToWorkerMessage } from '../protocol/envelope.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';

/**
 * How long a worker waits for its next message before it goes back to its event loop, in ms. A shorter
 * time costs more: one that ends before the kernel's next tick, 4 ms at 250 Hz, has the kernel set up
 * the hardware's timer, twice for each wait (8 us on a virtual machine).
 */
const LINGER_MS = 6;
/** How long messages may follow each other like that without a turn of the event loop, in ms. */
const MOST_WITHOUT_TURN_MS = 5;

/**
 * What a worker is sent. It comes through the event loop, or to a worker that lingers: after a short
 * task the next one is often on its way, and a thread is woken from `Atomics.wait` in half the time that
 * it takes through the event loop. A worker's timers and sockets wait meanwhile, so this is bounded.
 */
export class Inbox {
  readonly #port: MessagePort;
  readonly #doorbell: Doorbell;
  /** When it lingered first in this turn of the event loop. */
  #lingersSince: number | undefined = undefined;

  constructor(
    { port, doorbell }: Pick<LeaseData, 'port' | 'doorbell'>,
    private readonly receive: (message: ToWorkerMessage) => void,
  ) {
    this.#port = port;
    this.#doorbell = new Doorbell(doorbell);
    port.on('message', receive);
    // An attempt that arrived broken would never be answered: the worker must not outlive it.
    port.on('messageerror', (error) => {
      throw error;
    });
  }

  /** The worker has nothing more to do, and may be sent the next task any moment. */
  linger(): void {
    // After what else is to be done at once: what the last handler left behind, for example.
    process.nextTick(this.#awaitNext);
  }

  readonly #awaitNext = (): void => {
    const now = monotonicMs();
    if (this.#lingersSince === undefined) {
      this.#lingersSince = now;
      setImmediate(this.#turned).unref();
    } else if (now - this.#lingersSince > MOST_WITHOUT_TURN_MS) {
      return;
    }
    const rings = this.#doorbell.rings();
    const entry =
      this.#next() ?? (this.#doorbell.wait(rings, LINGER_MS) ? this.#next() : undefined);
    if (entry) {
      this.receive(entry.message);
    }
  };

  readonly #turned = (): void => {
    this.#lingersSince = undefined;
  };

  #next(): { readonly message: ToWorkerMessage } | undefined {
    return receiveMessageOnPort(this.#port);
  }
}
