import { availableParallelism } from 'node:os';
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { Doorbell } from '../protocol/doorbell.js';
import type { LeaseData, ToWorkerMessage } from '../protocol/envelope.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';

/**
 * How long a worker waits for its next message before it goes back to its event loop, in ms. A shorter
 * time costs more: for one that ends before the kernel's next tick (4 ms at 250 Hz) the kernel sets up the
 * hardware's timer, twice for each wait (8 us on a virtual machine).
 */
const LINGER_MS = 6;
/**
 * How long a worker looks for its next message before it waits, in ms: about as long as it takes to wake
 * it, so that a look in vain costs no more than that again.
 */
const SPIN_MS = 0.03;
/** With one core, the application could not post a message meanwhile. */
const MAY_SPIN = availableParallelism() > 1;
/** How long messages may be received like that without a turn of the event loop, in ms. */
const MOST_WITHOUT_TURN_MS = 5;

/**
 * Receives a worker's messages: through its event loop, or while it lingers, because after a short task the
 * next one is often on its way. A worker that lingers first looks for a message in a loop, where that pays:
 * to wake a thread takes longer than many tasks, and costs the application time as well. Then it sleeps in
 * `Atomics.wait`, from which a thread wakes in half the time that it takes through the event loop. The
 * worker's timers and sockets wait meanwhile, so this is bounded.
 */
export class Inbox {
  readonly #port: MessagePort;
  readonly #doorbell: Doorbell;
  readonly #receive: (message: ToWorkerMessage) => void;
  readonly #spin = new AdaptiveSpin(() => this.#doorbell.watch(this.#rings, SPIN_MS));
  /** How often it had been rung before it looked for a message. */
  #rings = 0;
  /** When it lingered first in this turn of the event loop. */
  #lingersSince: number | undefined = undefined;

  constructor(
    { port, doorbell }: Pick<LeaseData, 'port' | 'doorbell'>,
    receive: (message: ToWorkerMessage) => void,
  ) {
    this.#port = port;
    this.#receive = receive;
    this.#doorbell = new Doorbell(doorbell);
    port.on('message', receive);
    // An attempt that cannot be read would never be answered: the worker dies of it instead.
    port.on('messageerror', (error) => {
      throw error;
    });
  }

  /** The worker has nothing to do, and the next task may come any moment. */
  linger(): void {
    // After what else is due now, for example what the last handler has left behind.
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
    this.#rings = this.#doorbell.rings();
    const entry = this.#next() ?? (this.#isRung() ? this.#next() : undefined);
    if (entry) {
      this.#receive(entry.message);
    }
  };

  /** Whether the doorbell was rung before long. */
  #isRung(): boolean {
    return (MAY_SPIN && this.#spin.run()) || this.#doorbell.wait(this.#rings, LINGER_MS);
  }

  readonly #turned = (): void => {
    this.#lingersSince = undefined;
  };

  #next(): { readonly message: ToWorkerMessage } | undefined {
    return receiveMessageOnPort(this.#port);
  }
}

/** How many times it may be in vain in a row, after it has paid for long. */
const MOST_CREDIT = 8;
/** Where it did not pay, it is tried again every 32nd time. */
const TRY_EVERY = 32;

/**
 * Decides whether to spin, that is, to look for something in a loop before sleeping until it comes, by how
 * often that has paid lately. Adaptive mutexes do the same.
 */
export class AdaptiveSpin {
  readonly #spin: () => boolean;
  #credit = 1;

  /** @param spin - Looks for a short time. Returns whether it came. */
  constructor(spin: () => boolean) {
    this.#spin = spin;
  }

  /**
   * Spins, if that is likely to pay.
   *
   * @returns whether it came
   */
  run(): boolean {
    if (this.#credit < 1) {
      this.#credit += 1 / TRY_EVERY;
      return false;
    }
    const came = this.#spin();
    this.#credit = came ? Math.min(this.#credit + 1, MOST_CREDIT) : this.#credit - 1;
    return came;
  }
}
