import { monotonicMs } from './monotonic-clock.js';

/*
 * The doorbell is one number in shared memory, which counts rings. Only the application writes it.
 *
 * The application posts a message and then rings: it adds one and wakes the worker. The worker reads the
 * count, then looks for a message, and then waits for another count than the one it read.
 *
 * No message is missed. If the ring comes before the worker reads the count, the message was posted before
 * that, so the look finds it. If the ring comes later, the count is another one, so the wait ends, or does
 * not begin: `Atomics.wait` compares and falls asleep in one step. A ring for a message that was found
 * already costs one look in vain. The count wraps after 2^32 rings, which no wait lives to see.
 */

/** How the application wakes a worker that waits for its next message outside of its event loop. */
export class Doorbell {
  readonly buffer: SharedArrayBuffer;
  readonly #rings: Int32Array;

  /** @param buffer - The memory of the other side's doorbell. Default: new memory. */
  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#rings = new Int32Array(buffer);
  }

  /** Application: a message was posted. */
  ring(): void {
    Atomics.add(this.#rings, 0, 1);
    Atomics.notify(this.#rings, 0);
  }

  /** How often it was rung, modulo 2^32. */
  rings(): number {
    return Atomics.load(this.#rings, 0);
  }

  /**
   * Worker: looks for another count than `rings`, in a loop. The thread keeps its core.
   *
   * @param ms - How long it looks.
   * @returns false if the bell was not rung meanwhile
   */
  watch(rings: number, ms: number): boolean {
    const until = monotonicMs() + ms;
    while (this.rings() === rings) {
      if (monotonicMs() >= until) {
        return false;
      }
    }
    return true;
  }

  /**
   * Worker: blocks its thread until there is another count than `rings`.
   *
   * @returns false if the bell was not rung in time
   */
  wait(rings: number, timeoutMs: number): boolean {
    return Atomics.wait(this.#rings, 0, rings, timeoutMs) !== 'timed-out';
  }
}
