import { monotonicMs } from '../protocol/monotonic-clock.js';
import type { FleetOptions } from './fleet.js';
import type { Headcount } from './headcount.js';
import type { Attempt } from './lane.js';
import type { LaneEnds } from './lane-ends.js';
import type { LaneStarts } from './lane-starts.js';
import type { Member } from './member.js';
import type { Roster } from './roster.js';

/** Replaces workers that are worn: by ones that are warm before the old ones go. */
export class Replacement<A extends Attempt> {
  constructor(
    private readonly roster: Roster<A>,
    private readonly headcount: Headcount<A>,
    private readonly starts: LaneStarts<A>,
    private readonly ends: LaneEnds<A>,
    private readonly limits: Pick<FleetOptions, 'maxTasksPerWorker' | 'maxWorkerAge'>,
  ) {}

  /** An attempt is over: the worker may be worn now. */
  noteFinished(member: Member<A>): void {
    const { maxTasksPerWorker, maxWorkerAge } = this.limits;
    if (
      member.finished >= maxTasksPerWorker ||
      (maxWorkerAge !== Infinity && monotonicMs() - member.bornAt >= maxWorkerAge)
    ) {
      this.begin(member);
    }
  }

  /** Has the worker replaced. */
  begin(member: Member<A>): void {
    // One of too many, after a resize, goes anyway and needs no replacement.
    const isNeeded = this.headcount.room >= 0;
    if (isNeeded && member.state === 'ready' && !member.worn && this.starts.mayStart) {
      member.worn = true;
      this.starts.start();
    }
  }

  /** A worker is ready: one that is worn can go. */
  complete(): void {
    const { worn } = this.roster;
    if (worn) {
      worn.state = 'retiring';
      if (worn.lane.load === 0) {
        this.ends.release(worn);
      }
    }
  }

  /** It does not come: those that are worn go on. */
  callOff(): void {
    this.roster.unwear();
  }
}
