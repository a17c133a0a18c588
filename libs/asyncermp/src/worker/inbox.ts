import { availableParallelism } from 'node:os';
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
/**
 * How long a worker looks for its next message before it waits, in ms: about what it takes to wake it, so that
 * in vain it costs no more than that again.
 */
const SPIN_MS = 0.03;
/** With one core, what it looks for could not be sent meanwhile. */
const MAY_SPIN = availableParallelism() > 1;
/** How long messages may follow each other like that without a turn of the event loop, in ms. */
const MOST_WITHOUT_TURN_MS = 5;

/**
 * What a worker is sent. It comes through the event loop, or to a worker that lingers: after a short
 * task the next one is often on its way. Where that pays, the worker looks for it for a moment, as waking a
 * thread takes longer than many a task, and the waking one's time, too; and a thread is woken from
 * `Atomics.wait` in half the time that it takes through the event loop. A worker's timers and sockets wait
 * meanwhile, so this is bounded.
 */
export class Inbox {
  readonly #port: MessagePort;
  readonly #doorbell: Doorbell;
  readonly #spin = new AdaptiveSpin(() => this.#doorbell.watch(this.#rings, SPIN_MS));
  /** How often it had been rung before it looked for a message. */
  #rings = 0;
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
    this.#rings = this.#doorbell.rings();
    const entry = this.#next() ?? (this.#isRung() ? this.#next() : undefined);
    if (entry) {
      this.receive(entry.message);
    }
  };

  /** Whether it was rung before long. */
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

/** How many times it may have been in vain, after it has paid for long. */
const MOST_CREDIT = 8;
/** Where it did not pay, every so many-th time is a try. */
const TRY_EVERY = 32;

/**
 * Whether it pays to spin, that is, to look for something in a loop, before one sleeps until it comes: going
 * by how often it came in time of late. As mutexes do it that are called adaptive.
 */
export class AdaptiveSpin {
  #credit = 1;

  /** @param spin - Looks for a short time. Returns whether it came. */
  constructor(private readonly spin: () => boolean) {}

  /** Spins, if that is likely to pay. Returns whether it came. */
  run(): boolean {
    if (this.#credit < 1) {
      this.#credit += 1 / TRY_EVERY;
      return false;
    }
    const came = this.spin();
    this.#credit = came ? Math.min(this.#credit + 1, MOST_CREDIT) : this.#credit - 1;
    return came;
  }
}
