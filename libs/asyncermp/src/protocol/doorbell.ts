import { monotonicMs } from './monotonic-clock.js';

/**
 * How the application wakes a worker that waits for its next message without going through its event
 * loop: rung after a message was posted. It counts, so that who looked before it waits misses none.
 */
export class Doorbell {
  readonly #rings: Int32Array;

  constructor(readonly buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.#rings = new Int32Array(buffer);
  }

  /** Application: something was posted. */
  ring(): void {
    Atomics.add(this.#rings, 0, 1);
    Atomics.notify(this.#rings, 0);
  }

  /** How often it was rung, modulo 2^32. */
  rings(): number {
    return Atomics.load(this.#rings, 0);
  }

  /** Worker: looks for so long whether it is rung once more than `rings`. The thread keeps its core. */
  watch(rings: number, ms: number): boolean {
    const until = monotonicMs() + ms;
    while (this.rings() === rings) {
      if (monotonicMs() >= until) {
        return false;
      }
    }
    return true;
  }

  /** Worker: blocks its thread until it is rung once more than `rings`. False if it was not in time. */
  wait(rings: number, timeoutMs: number): boolean {
    return Atomics.wait(this.#rings, 0, rings, timeoutMs) !== 'timed-out';
  }
}
