import type { RunMode } from './envelope.js';

/*
 * The slots are memory that the application and one worker share. An attempt has a slot from the moment
 * the lane takes it until its outcome is received. Shared memory answers what no message could answer in
 * time: whether a synchronous loop is cancelled, whether an attempt that was sent ahead can still be
 * revoked, and which attempt a worker had begun when it died. The numbers of an attempt are here, too,
 * because writing them costs a tenth of cloning them.
 *
 * The states of a slot, and who changes them:
 *
 *              occupy            begin
 *   Free ────────────────> Sent ────────> Started     occupy: application
 *    ^                      │ │              │        begin:  worker
 *    │       free           │ │ revoke       │        revoke: application
 *    ├──────────────────────┘ └───────> Revoked       free:   application
 *    │       free                         │  │
 *    └────────────────────────────────────┴──┘
 *
 * Both sides may leave Sent, each by a compare-and-exchange, and exactly one of them succeeds: an attempt
 * is begun or revoked, never both. Sent becomes Free without either when the attempt could not be cloned,
 * or when the worker has ended.
 *
 *   field         written by                                   read by
 *   state         application: occupy, revoke, free            both, at any time
 *                 worker: begin
 *   cancelled     application: 0 in occupy, 1 in cancel        worker, while the attempt runs
 *   handlerIndex  application: occupy                          worker, after begin
 *   attempt       application: occupy                          worker, after begin
 *   mode          application: occupy                          worker, after begin
 *   reportStart   application: occupy                          worker, after begin
 *   startedAt     worker: begin, before the exchange           application, while the state is Started
 *   runMs         worker: before it posts the outcome          application, after it received the outcome
 *
 * Memory ordering. `state` and `cancelled` are read and written through Atomics only. These operations are
 * sequentially consistent: a thread that reads a value so also sees what the other one wrote before it
 * stored that value. The other fields are plain, and both sides never use one at the same time:
 *
 * 1. occupy writes the plain fields and then stores Sent. The worker reads them when its exchange in begin
 *    has found that Sent.
 * 2. begin writes startedAt and then exchanges Sent for Started. The application reads it when it has
 *    loaded Started. If the exchange fails, the time stays in a revoked slot, where it is not read.
 * 3. The message with the outcome publishes runMs, as the state does not change with it. Node hands
 *    messages over under a lock, so all that a thread wrote before it posted one is seen by the receiver.
 * 4. A slot is occupied again when the worker has no more use for it: it has posted Completed, Failed or
 *    Skipped for it, it has ended, or it was never sent the attempt. So a revoked slot stays taken until
 *    the worker has passed over it, and no late write of begin meets the next attempt's.
 * 5. The worker touches a slot only after it received the attempt's message, which is posted after occupy.
 *    It cannot take the Sent of one attempt for that of another.
 * 6. An attempt may be cancelled when it has ended and its outcome is on its way. The raised flag is not
 *    read then, and occupy lowers it before it stores the next Sent.
 * 7. When a worker has ended, its thread runs nothing any more, and the states say which attempt it ran.
 */

/** How many attempts a lane holds at once: the one that runs, and those sent ahead of it. */
export const SLOT_COUNT = 32;

/** The state of a slot. Both sides use the numbers, so they never change. */
const SlotState = {
  /** It holds no attempt. */
  Free: 0,
  /** Its attempt was sent and has not begun: it can be revoked. */
  Sent: 1,
  /** The worker began its attempt. */
  Started: 2,
  /** Its attempt was revoked before it began: the worker will pass over it. */
  Revoked: 3,
} as const;

const INT32 = Int32Array.BYTES_PER_ELEMENT;
const FLOAT64 = Float64Array.BYTES_PER_ELEMENT;
/** How many fields of each kind a slot has. */
const FLOATS = 2;
const INTS = 6;
const SIZE = SLOT_COUNT * (FLOATS * FLOAT64 + INTS * INT32);

/** What a worker must know of an attempt, in numbers. */
interface AttemptNumbers {
  /** Index into {@link WorkerManifest.handlers}. */
  readonly handlerIndex: number;
  /** Which attempt of its task it is, from 1. */
  readonly attempt: number;
  readonly mode: RunMode;
}

/** What the application does with slots. */
export type LaneSlots = Pick<
  Slots,
  'occupy' | 'free' | 'revoke' | 'cancel' | 'isStarted' | 'startedAt' | 'runMs'
>;

/** What a worker does with slots. */
export type RunnerSlots = Pick<
  Slots,
  'begin' | 'noteRunMs' | 'isCancelled' | 'handlerIndex' | 'attempt' | 'mode' | 'reportStart'
>;

/** The slots of one lane. The head of this file has the protocol. */
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

  /** @param buffer - The memory of the other side's slots. Default: new memory. */
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

  // ---- the application's side

  /** The slot holds a new attempt, neither begun nor cancelled. */
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

  /** The worker has no more use for the slot. */
  free(slot: number): void {
    Atomics.store(this.#state, slot, SlotState.Free);
  }

  /** Revokes the attempt; false if the worker has begun it. */
  revoke(slot: number): boolean {
    return (
      Atomics.compareExchange(this.#state, slot, SlotState.Sent, SlotState.Revoked) ===
      SlotState.Sent
    );
  }

  /** Raises the flag that a running handler reads. */
  cancel(slot: number): void {
    Atomics.store(this.#cancelled, slot, 1);
  }

  /** Whether the worker has begun the attempt. It stays so until the slot is freed. */
  isStarted(slot: number): boolean {
    return Atomics.load(this.#state, slot) === SlotState.Started;
  }

  /** When the attempt began, in {@link monotonicMs}; undefined if it did not. */
  startedAt(slot: number): number | undefined {
    return this.isStarted(slot) ? plausible(this.#startedAt[slot]) : undefined;
  }

  /** How long the attempt ran, once its outcome was received. */
  runMs(slot: number): number {
    return plausible(this.#runMs[slot]);
  }

  // ---- the worker's side

  /**
   * Begins the attempt; false if it was revoked.
   *
   * @param now - The time, in {@link monotonicMs}.
   */
  begin(slot: number, now: number): boolean {
    // Before the exchange, which publishes it.
    this.#startedAt[slot] = now;
    return (
      Atomics.compareExchange(this.#state, slot, SlotState.Sent, SlotState.Started) ===
      SlotState.Sent
    );
  }

  /** How long the attempt ran: to be written before the outcome is posted, which publishes it. */
  noteRunMs(slot: number, runMs: number): void {
    this.#runMs[slot] = runMs;
  }

  isCancelled(slot: number): boolean {
    return Atomics.load(this.#cancelled, slot) === 1;
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

  /** Whether the worker shall report that the attempt starts. */
  reportStart(slot: number): boolean {
    return this.#reportStart[slot] === 1;
  }
}

/** A time as the worker wrote it, or 0: its code may have overwritten the memory, and estimates are made of it. */
function plausible(ms: number | undefined): number {
  return ms !== undefined && ms >= 0 && ms < Infinity ? ms : 0;
}
