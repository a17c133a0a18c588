import type { Attempt, Lane } from './lane.js';

/**
 * `starting`: builds its providers; `ready`: takes attempts; `retiring`: finishes what it has, then
 * closes its providers; `ending`: is released or killed, and its end is awaited.
 */
export type MemberState = 'starting' | 'ready' | 'retiring' | 'ending';

/** A lane in the fleet, with what is known of it. */
export class Member<A extends Attempt> {
  state: MemberState = 'starting';
  /** Whether it holds one of the permits that bound how many attempts run. */
  hasPermit = false;
  /** How long what it holds may well run, in microseconds. */
  aheadUs = 0;
  /** How long what it holds runs most likely, in microseconds. */
  typicalAheadUs = 0;
  /** Whether the attempt in hand takes longer than was expected, so that nothing is sent behind it. */
  blocked = false;
  /** Attempts finished. */
  finished = 0;
  /** Whether it reached a limit and is to be replaced. */
  worn = false;
  /** Since when it has nothing to do, in `monotonicMs`. */
  idleSince = 0;

  /** Ends it when it takes too long to end by itself. */
  killTimer: NodeJS.Timeout | undefined = undefined;

  constructor(
    readonly lane: Lane<A>,
    /** In `monotonicMs`. */
    readonly bornAt: number,
  ) {}
}
