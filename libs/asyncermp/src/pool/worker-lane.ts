import type { CrashDetails } from '../contract/errors.js';
import { decodeError, encodeError } from '../protocol/error-codec.js';
import {
  FromWorker,
  ToWorker,
  type AttemptMessage,
  type LaneMessage,
} from '../protocol/envelope.js';
import { decodeIncoming, type Crossing } from '../protocol/outgoing.js';
import { SLOT_COUNT, type LaneSlots } from '../protocol/slots.js';
import {
  ANSWERED_AT_ONCE,
  unsendable,
  type Attempt,
  type Channel,
  type OpenChannel,
  type WaitForApplication,
} from './channels/channel.js';
import type { Lane, LaneEnd, LaneListener } from './lane.js';

/**
 * The protocol of a lane with its worker, over whatever channel carries it: which attempt is in which slot,
 * which message means what for it, and what is left of all that when the worker ends.
 */
export class WorkerLane<A extends Attempt> implements Lane<A> {
  readonly id: number;
  readonly takesOneAtATime: boolean;
  readonly #listener: LaneListener<A>;
  readonly #channel: Channel<A>;
  readonly #slots: LaneSlots;
  readonly #table = new SlotTable<A>();
  /** The slots of the attempts that are to be sent. */
  #outbox: number[] = [];
  #state: 'starting' | 'ready' | 'ended' = 'starting';
  /** Whether the application ends the worker, so that its end is no crash. */
  #isEndExpected = false;
  #isLeftBehind = false;
  #startError: unknown = undefined;

  /** @param open - Starts the worker. */
  constructor(id: number, listener: LaneListener<A>, open: OpenChannel<A>) {
    this.id = id;
    this.#listener = listener;
    this.#channel = open({
      receive: (message) => this.#receive(message),
      awaiting: (slot) => this.#awaiting(slot),
      onEnded: () => this.#end(),
    });
    this.#slots = this.#channel.slots;
    this.takesOneAtATime = this.#channel.takesOneAtATime;
  }

  get load(): number {
    return this.#table.used;
  }

  send(attempt: A, reportStart: boolean): void {
    const slot = this.#table.put(attempt);
    this.#slots.occupy(slot, attempt, reportStart);
    this.#outbox.push(slot);
  }

  flush(): void {
    const slots = this.#outbox;
    this.#outbox = [];
    let together: number[] = [];
    for (const slot of slots) {
      const transferList = this.#table.at(slot)?.transferList;
      if (transferList) {
        // What is handed over needs a message of its own, and what was sent before it comes first.
        this.#post(together, undefined);
        together = [];
        this.#post([slot], transferList);
      } else {
        together.push(slot);
      }
    }
    this.#post(together, undefined);
  }

  /**
   * Posts the attempts in these slots as one message. To clone their arguments runs getters, which are code of
   * the user and may cancel any task: what is revoked before it is posted is not posted.
   */
  #post(slots: readonly number[], transferList: A['transferList']): void {
    const attempts: A[] = [];
    for (const slot of slots) {
      const attempt = this.#table.at(slot);
      if (attempt) {
        attempts.push(attempt);
      } else {
        this.#passOver(slot);
      }
    }
    const [first] = attempts;
    if (!first) {
      return;
    }
    const { slot } = first;
    // The slots that are left, before any of them is lost to a getter.
    const left = attempts.length < slots.length ? attempts.map((held) => held.slot) : slots;
    try {
      this.#channel.postAttempts(attempts, transferList);
    } catch (thrown) {
      if (left.length === 1) {
        this.#reportUnsendable(slot, first, thrown);
      } else {
        // One of them cannot be cloned: each by itself, to see which.
        for (const each of left) {
          this.#post([each], undefined);
        }
      }
    }
  }

  #reportUnsendable(slot: number, attempt: A, thrown: unknown): void {
    // This reads the arguments again.
    const error = unsendable(attempt, thrown);
    if (this.#table.at(slot) === attempt) {
      this.#release(slot);
      this.#listener.onUnsendable(this, attempt, error);
    } else {
      this.#passOver(slot);
    }
  }

  /** Its attempt was revoked before it was posted, so the worker will not report it. */
  #passOver(slot: number): void {
    this.#release(slot);
    void NOW.then(() => this.#listener.onSkipped(this));
  }

  isStarted(attempt: A): boolean {
    return this.#table.holds(attempt) && this.#slots.isStarted(attempt.slot);
  }

  startedAt(attempt: A): number | undefined {
    return this.#table.holds(attempt) ? this.#slots.startedAt(attempt.slot) : undefined;
  }

  held(): A[] {
    return this.#table.attempts();
  }

  revoke(attempt: A): boolean {
    const { slot } = attempt;
    if (!this.#table.holds(attempt) || !this.#slots.revoke(slot)) {
      return false;
    }
    // The worker still has the message: the slot is not used again before it has passed over it.
    this.#table.detach(slot);
    return true;
  }

  cancel(attempt: A, reason: unknown): void {
    if (this.#table.holds(attempt)) {
      this.#slots.cancel(attempt.slot);
      this.#channel.post([ToWorker.Cancel, attempt.slot, encodeError(reason)]);
    }
  }

  kill(): void {
    this.#isEndExpected = true;
    this.#channel.end();
  }

  giveUp(error: Error): void {
    this.#startError = error;
    this.kill();
  }

  release(): void {
    this.#isEndExpected = true;
    this.#channel.post([ToWorker.Release]);
  }

  leaveBehind(): void {
    this.#isEndExpected = true;
    this.#isLeftBehind = true;
    this.#channel.leaveBehind();
    this.#end();
  }

  #receive(message: LaneMessage): void {
    switch (message[0]) {
      case FromWorker.Completed:
      case FromWorker.Failed:
      case FromWorker.Progress:
      case FromWorker.Started: {
        const attempt = this.#table.at(message[1]);
        if (attempt) {
          this.#receiveOf(attempt, message);
        }
        break;
      }
      case FromWorker.Skipped:
        if (this.#table.isDetached(message[1])) {
          this.#release(message[1]);
          this.#listener.onSkipped(this);
        } else {
          // A handler has overwritten the slots or forged the message. What the worker still does is not
          // known, and tasks might wait for it without an end.
          this.#channel.end();
        }
        break;
      case FromWorker.Ready:
        this.#state = 'ready';
        this.#listener.onReady(this);
        break;
      case FromWorker.StartFailed:
        if (this.#state === 'starting') {
          this.#startError = decodeError(message[1]);
        }
        break;
      case FromWorker.HeapLimit:
        this.#listener.onHeapLimit(this);
        break;
      case FromWorker.Log:
        this.#listener.onLog(this, message[1], message[2]);
        break;
    }
  }

  #awaiting(slot: number): WaitForApplication {
    const attempt = this.#table.at(slot);
    // A handler may have forged the slot.
    return attempt && this.#slots.isStarted(slot)
      ? this.#listener.onAwaiting(this, attempt)
      : ANSWERED_AT_ONCE;
  }

  #receiveOf(attempt: A, message: AttemptMessage): void {
    const { slot } = attempt;
    const startedAt = this.#slots.startedAt(slot) ?? Number.NaN;
    const runMs = this.#slots.runMs(slot);
    switch (message[0]) {
      case FromWorker.Completed: {
        const arrived = message[3] && this.#arrived(attempt, 'result', message[3]);
        this.#release(slot);
        if (arrived?.error) {
          this.#listener.onFailed(this, attempt, encodeError(arrived.error), startedAt, runMs);
        } else {
          const result = arrived?.value ? arrived.value[0] : message[2];
          this.#listener.onCompleted(this, attempt, result, startedAt, runMs);
        }
        break;
      }
      case FromWorker.Failed:
        this.#release(slot);
        this.#listener.onFailed(this, attempt, message[2], startedAt, runMs);
        break;
      case FromWorker.Progress: {
        const arrived = message[3] && this.#arrived(attempt, 'progress', message[3]);
        if (!arrived?.error) {
          this.#listener.onProgress(this, attempt, arrived?.value ? arrived.value[0] : message[2]);
        }
        break;
      }
      case FromWorker.Started:
        this.#listener.onStarted(this, attempt);
        break;
    }
  }

  /** What of a value was sent besides it. Before the slot is free, because `from` of a class is a user's code. */
  #arrived(attempt: A, path: string, { encoded, lost }: Crossing): Arrived {
    if (lost) {
      this.#listener.onLostClass(this, attempt, lost);
    }
    if (!encoded) {
      return {};
    }
    try {
      const { uid, handlerName: handler } = attempt;
      return { value: [decodeIncoming(encoded, path, { uid, handler })] };
    } catch (error) {
      return { error };
    }
  }

  #release(slot: number): void {
    this.#slots.free(slot);
    this.#table.free(slot);
  }

  #end(): void {
    if (this.#state === 'ended') {
      return;
    }
    this.#listener.onEnding(this);
    const death = this.#channel.close();
    const outcome = this.#outcomeOf(death);
    this.#state = 'ended';
    this.#outbox = [];
    const held = this.#table.attempts();
    const running = held.find(({ slot }) => this.#slots.isStarted(slot));
    const runningSince = running && this.#slots.startedAt(running.slot);
    const waiting = held.filter((attempt) => attempt !== running);
    for (const { slot } of held) {
      this.#release(slot);
    }
    const { gone } = this.#channel;
    const isLeftBehind = this.#isLeftBehind;
    this.#listener.onEnded(this, {
      running,
      runningSince,
      waiting,
      isLeftBehind,
      gone,
      ...outcome,
    });
  }

  #outcomeOf(death: CrashDetails): Pick<LaneEnd<A>, 'crash' | 'startError'> {
    if (this.#isEndExpected) {
      return { crash: undefined, startError: this.#startError };
    }
    if (this.#state === 'ready') {
      return { crash: death, startError: undefined };
    }
    const startError =
      this.#startError ??
      death.cause ??
      new Error(`The worker exited with code ${death.exitCode} before it was ready`);
    return { crash: death, startError };
  }
}

const NOW = Promise.resolve();

/** A value that was encoded, or why it could not be decoded; neither if it was sent as it is. */
interface Arrived {
  readonly value?: readonly [unknown];
  readonly error?: unknown;
}

/** Which attempt is in which slot of a lane. */
class SlotTable<A extends Attempt> {
  readonly #attempts: (A | undefined)[] = Array.from({ length: SLOT_COUNT }, () => undefined);
  readonly #free: number[] = Array.from({ length: SLOT_COUNT }, (_, slot) => SLOT_COUNT - 1 - slot);

  get used(): number {
    return SLOT_COUNT - this.#free.length;
  }

  put(attempt: A): number {
    const slot = this.#free.pop();
    if (slot === undefined) {
      throw new RangeError(`A lane holds at most ${SLOT_COUNT} attempts`);
    }
    this.#attempts[slot] = attempt;
    attempt.slot = slot;
    return slot;
  }

  at(slot: number): A | undefined {
    return this.#attempts[slot];
  }

  holds(attempt: A): boolean {
    return attempt.slot >= 0 && this.#attempts[attempt.slot] === attempt;
  }

  /** The attempt is no longer in it, but its slot stays taken until {@link free}. */
  detach(slot: number): void {
    const attempt = this.#attempts[slot];
    this.#attempts[slot] = undefined;
    if (attempt) {
      attempt.slot = -1;
    }
  }

  /** Whether it is taken by an attempt that is no longer in it. */
  isDetached(slot: number): boolean {
    const isSlot = slot >= 0 && slot < SLOT_COUNT;
    return isSlot && this.#attempts[slot] === undefined && !this.#free.includes(slot);
  }

  free(slot: number): void {
    this.detach(slot);
    this.#free.push(slot);
  }

  /** The attempts that are in it, in no order. */
  attempts(): A[] {
    return this.#attempts.filter((attempt) => attempt !== undefined);
  }
}
