import type { RunMode } from './envelope.js';

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
/** How many numbers of each kind a slot has. */
const FLOATS = 2;
const INTS = 6;
const SIZE = SLOT_COUNT * (FLOATS * FLOAT64 + INTS * INT32);

/** What a worker is told of an attempt in numbers. */
export interface AttemptNumbers {
  /** Index into {@link WorkerManifest.handlers}. */
  readonly handlerIndex: number;
  /** Which attempt of its task it is, from 1. */
  readonly attempt: number;
  readonly mode: RunMode;
}

/**
 * The memory that the application and one worker share: for each slot its state, whether it is
 * cancelled, and when it started. It answers what no message could answer in time: what a synchronous
 * loop is told of its cancellation, whether an attempt sent ahead may still be taken back, and which
 * attempt a worker had in hand when it died. The numbers of an attempt are in it as well, since writing
 * them costs a tenth of cloning them; a message goes with them, and orders the writes.
 */
export class Slots {
  readonly buffer: SharedArrayBuffer;
  readonly #startedAt: Float64Array;
  readonly #runMs: Float64Array;
  readonly #state: Int32Array;
  readonly #cancelled: Int32Array;
  readonly #handlerIndex: Int32Array;
  readonly #attempt: Int32Array;
  readonly #mode: Int32Array;
  readonly #reportStart: Int32Array;

  constructor(buffer = new SharedArrayBuffer(SIZE)) {
    this.buffer = buffer;
    const float64 = (place: number) =>
      new Float64Array(buffer, place * SLOT_COUNT * FLOAT64, SLOT_COUNT);
    const int32 = (place: number) =>
      new Int32Array(buffer, SLOT_COUNT * (FLOATS * FLOAT64 + place * INT32), SLOT_COUNT);
    this.#startedAt = float64(0);
    this.#runMs = float64(1);
    this.#state = int32(0);
    this.#cancelled = int32(1);
    this.#handlerIndex = int32(2);
    this.#attempt = int32(3);
    this.#mode = int32(4);
    this.#reportStart = int32(5);
  }

  /** Application: the slot holds a new attempt, not begun and not cancelled. */
  occupy(
    slot: number,
    { handlerIndex, attempt, mode }: AttemptNumbers,
    reportStart: boolean,
  ): void {
    this.#startedAt[slot] = 0;
    this.#handlerIndex[slot] = handlerIndex;
    this.#attempt[slot] = attempt;
    this.#mode[slot] = mode;
    this.#reportStart[slot] = Number(reportStart);
    Atomics.store(this.#cancelled, slot, 0);
    Atomics.store(this.#state, slot, SlotState.Sent);
  }

  handlerIndex(slot: number): number {
    return this.#handlerIndex[slot] ?? -1;
  }

  attempt(slot: number): number {
    return this.#attempt[slot] ?? 0;
  }

  mode(slot: number): RunMode {
    return this.#mode[slot] as RunMode;
  }

  /** Whether somebody listens to the start, and the worker shall tell it. */
  reportsStart(slot: number): boolean {
    return this.#reportStart[slot] === 1;
  }

  /** Worker: how long the attempt ran, before it tells the outcome. */
  noteRunMs(slot: number, runMs: number): void {
    this.#runMs[slot] = runMs;
  }

  /** Application: how long it ran, once its outcome was told. */
  runMs(slot: number): number {
    return this.#runMs[slot] ?? 0;
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
