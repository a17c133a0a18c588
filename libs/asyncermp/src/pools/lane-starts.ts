import { LONGEST_TIMER_MS, monotonicMs } from '../protocol/monotonic-clock.js';
import type { Attempt, LaneFactory, LaneListener } from './lane.js';
import { Member } from './member.js';
import type { Roster } from './roster.js';
import { StartBackoff } from './start-backoff.js';

/** Starts workers: not while a pause after failed starts lasts, and no longer than `startTimeout` each. */
export class LaneStarts<A extends Attempt> {
  readonly #backoff: StartBackoff;
  #lastId = 0;
  #isClosed = false;

  /**
   * @param startTimeout - How long a worker may take, in ms; Infinity for as long as it takes.
   * @param onMayStart - Called when a pause is over.
   */
  constructor(
    private readonly factory: LaneFactory<A>,
    private readonly listener: LaneListener<A>,
    private readonly roster: Roster<A>,
    private readonly startTimeout: number,
    onMayStart: () => void,
  ) {
    this.#backoff = new StartBackoff(onMayStart);
  }

  get mayStart(): boolean {
    return !this.#isClosed && this.#backoff.mayStart;
  }

  /** Whether starts failed so often that those who wait should be told. */
  get failPersistently(): boolean {
    return this.#backoff.isPersistent;
  }

  start(): void {
    const lane = this.factory.create(++this.#lastId, this.listener);
    const member = new Member(lane, monotonicMs());
    this.roster.add(member);
    if (this.startTimeout !== Infinity) {
      // When this thread was blocked, the worker's word that it is ready may be waiting behind the timer.
      const late = () => setImmediate(() => this.#giveUp(member));
      member.killTimer = setTimeout(late, Math.min(this.startTimeout, LONGEST_TIMER_MS));
    }
  }

  /** A worker failed to start. Returns the pause until the next try, in ms. */
  noteFailure(): number {
    return this.#backoff.failed();
  }

  /** A worker did its work. */
  noteSuccess(): void {
    this.#backoff.succeeded();
  }

  close(): void {
    this.#isClosed = true;
    this.#backoff.close();
  }

  #giveUp(member: Member<A>): void {
    if (member.state === 'starting') {
      member.state = 'ending';
      member.lane.giveUp(
        new Error(
          `It was not ready within the startTimeout of ${this.startTimeout} ms. Does a lifecycle hook or ` +
            'a factory of one of its providers wait for something?',
        ),
      );
    }
  }
}
