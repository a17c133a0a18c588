import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import type { Attempt } from './lane.js';
import type { Member } from './member.js';

/**
 * The workers that have nothing to do. The one that was busy last is taken first, so that in quiet times
 * the same few stay warm and the others can go.
 */
export class IdleLanes<A extends Attempt> {
  readonly #members: Member<A>[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;

  /**
   * @param idleTimeoutMs - How long a worker may be idle, in milliseconds; Infinity for ever.
   * @param onExpired - Called for one that was idle longer; returns whether it went.
   */
  constructor(
    private readonly idleTimeoutMs: number,
    private readonly onExpired: (member: Member<A>) => boolean,
  ) {}

  get size(): number {
    return this.#members.length;
  }

  /** The one to use next. */
  get latest(): Member<A> | undefined {
    return this.#members.at(-1);
  }

  /** The one that was idle longest. */
  get oldest(): Member<A> | undefined {
    return this.#members[0];
  }

  add(member: Member<A>): void {
    member.idleSince = monotonicMs();
    this.#members.push(member);
    this.#arm();
  }

  remove(member: Member<A>): void {
    const index = this.#members.lastIndexOf(member);
    if (index >= 0) {
      this.#members.splice(index, 1);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#timer || !this.oldest || this.idleTimeoutMs === Infinity) {
      return;
    }
    const delayMs = this.oldest.idleSince + this.idleTimeoutMs - monotonicMs();
    const wake = () => {
      this.#timer = undefined;
      this.#expire();
    };
    this.#timer = setTimeout(wake, Math.min(Math.max(1, delayMs), LONGEST_TIMER_MS)).unref();
  }

  #expire(): void {
    const limit = monotonicMs() - this.idleTimeoutMs;
    while (this.oldest && this.oldest.idleSince <= limit) {
      if (!this.onExpired(this.oldest)) {
        // It is one of those that are kept: there is nothing to wait for before the next one is added.
        return;
      }
    }
    this.#arm();
  }
}
