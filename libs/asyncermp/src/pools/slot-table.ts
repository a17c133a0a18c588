import { SLOT_COUNT } from '../protocol/slots.js';
import type { Attempt } from './lane.js';

/** Which attempt is in which slot of a lane. */
export class SlotTable<A extends Attempt> {
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

  /** The attempt is no longer the lane's, but its slot stays taken until {@link free}. */
  detach(slot: number): void {
    const attempt = this.#attempts[slot];
    this.#attempts[slot] = undefined;
    if (attempt) {
      attempt.slot = -1;
    }
  }

  free(slot: number): void {
    this.detach(slot);
    this.#free.push(slot);
  }

  /** Those that are in it, in no order. */
  attempts(): A[] {
    return this.#attempts.filter((attempt) => attempt !== undefined);
  }
}
