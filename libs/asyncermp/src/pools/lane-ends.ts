import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IdleLanes } from './idle-lanes.js';
import type { Attempt } from './lane.js';
import type { Member } from './member.js';

/** How long the shutdown hooks of a worker's providers may take before the worker is killed, in ms. */
const RELEASE_GRACE_MS = 5_000;
/**
 * How long a worker that is not wanted any more may take to start, in ms. A thread is not ended while it
 * loads modules if that can be avoided: Node 20 then may abort the whole process (`v8::Module::IsGraphAsync
 * must be used on an instantiated module`, from a require() of an ES module that was interrupted).
 */
const START_GRACE_MS = 15_000;

/** Ends workers: by their leave where there is time, and by force where there is none. */
export class LaneEnds<A extends Attempt> {
  /** Those that have ended, and whose threads are not gone yet. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(private readonly idle: IdleLanes<A>) {}

  /** A worker has ended; its thread is gone when this settles. */
  ended(gone: Promise<void>): void {
    this.#leaving.add(gone);
    void gone.then(() => this.#leaving.delete(gone));
  }

  /** Settles when nothing is left of those that have ended. */
  async allGone(): Promise<void> {
    await Promise.all(this.#leaving);
    // Their ports are closed by the event loop, at the end of its turn; the next one finds them gone.
    await nextTurn();
    await nextTurn();
  }

  /** The worker takes nothing any more. */
  mark(member: Member<A>): void {
    this.idle.remove(member);
    member.state = 'ending';
  }

  /** Ends a worker at once. */
  kill(member: Member<A>): void {
    this.mark(member);
    member.lane.kill();
  }

  /** Lets a worker end by itself; one that is starting, once it has started. */
  release(member: Member<A>): void {
    if (member.state !== 'ending') {
      const graceMs = member.state === 'starting' ? START_GRACE_MS : RELEASE_GRACE_MS;
      this.mark(member);
      member.lane.release();
      this.#killIn(member, graceMs);
    }
  }

  /** The worker ends when its attempts are over, and is killed when that takes too long. */
  retire(member: Member<A>, graceMs: number): void {
    member.state = 'retiring';
    this.#killIn(member, Math.min(graceMs, RELEASE_GRACE_MS));
  }

  #killIn(member: Member<A>, graceMs: number): void {
    clearTimeout(member.killTimer);
    member.killTimer = setTimeout(() => this.kill(member), graceMs);
  }
}
