/** How many attempts a lane holds at once: the one that runs, and those sent ahead of it. */
export const SLOT_COUNT = 32;

/** What a slot's attempt has come to. The numbers are written by both sides, so they never change. */
export const SlotState = {
  /** Nothing in it. */
  Free: 0,
  /** Sent to the worker, which has not begun it: it can still be taken back. */
  Sent: 1,
  /** The worker began it. */
  Started: 2,
  /** Taken back before it began: the worker will pass over it. */
  Revoked: 3,
} as const;

const INT32 = Int32Array.BYTES_PER_ELEMENT;
const FLOAT64 = Float64Array.BYTES_PER_ELEMENT;

/**
 * The memory that the application and one worker share: for each slot its state, whether it is
 * cancelled, and when it started. It answers what no message could answer in time: what a synchronous
 * loop is told of its cancellation, whether an attempt sent ahead may still be taken back, and which
 * attempt a worker had in hand when it died.
 */
export class Slots {
  readonly buffer: SharedArrayBuffer;
  readonly #startedAt: Float64Array;
  readonly #state: Int32Array;
  readonly #cancelled: Int32Array;

  constructor(buffer = new SharedArrayBuffer(SLOT_COUNT * (FLOAT64 + 2 * INT32))) {
    this.buffer = buffer;
    this.#startedAt = new Float64Array(buffer, 0, SLOT_COUNT);
    this.#state = new Int32Array(buffer, SLOT_COUNT * FLOAT64, SLOT_COUNT);
    this.#cancelled = new Int32Array(buffer, SLOT_COUNT * (FLOAT64 + INT32), SLOT_COUNT);
  }

  /** Application: the slot holds a new attempt, not begun and not cancelled. */
  occupy(slot: number): void {
    this.#startedAt[slot] = 0;
    Atomics.store(this.#cancelled, slot, 0);
    Atomics.store(this.#state, slot, SlotState.Sent);
  }

  /** Application: the attempt is over, and its answer was read. */
  free(slot: number): void {
    Atomics.store(this.#state, slot, SlotState.Free);
  }

  /** Application: takes an attempt back, unless the worker has begun it. Both sides race for it. */
  revoke(slot: number): boolean {
    return (
      Atomics.compareExchange(this.#state, slot, SlotState.Sent, SlotState.Revoked) ===
      SlotState.Sent
    );
  }

  /** Worker: begins the attempt, unless it was taken back. `now` is in {@link monotonicMs}. */
  begin(slot: number, now: number): boolean {
    // Before the state, which publishes it: who sees Started sees the time.
    this.#startedAt[slot] = now;
    return (
      Atomics.compareExchange(this.#state, slot, SlotState.Sent, SlotState.Started) ===
      SlotState.Sent
    );
  }

  isStarted(slot: number): boolean {
    return Atomics.load(this.#state, slot) === SlotState.Started;
  }

  /** When the attempt began, in {@link monotonicMs}; undefined if it did not. */
  startedAt(slot: number): number | undefined {
    return this.isStarted(slot) ? this.#startedAt[slot] : undefined;
  }

  /** Application: raises the flag that a running handler reads. */
  cancel(slot: number): void {
    Atomics.store(this.#cancelled, slot, 1);
  }

  isCancelled(slot: number): boolean {
    return Atomics.load(this.#cancelled, slot) === 1;
  }
}
