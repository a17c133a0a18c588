import type { FleetOptions } from './fleet.js';
import type { IdleLanes } from './idle-lanes.js';
import type { Attempt } from './lane.js';
import type { Roster } from './roster.js';

/** How many workers there may be, and how many there are to be. */
export class Headcount<A extends Attempt> {
  constructor(
    private readonly roster: Roster<A>,
    private readonly idle: IdleLanes<A>,
    private readonly options: Pick<FleetOptions, 'minProcesses' | 'spareProcesses'>,
    /** Workers that may be busy at once. */
    public max: number,
  ) {}

  /** How many more workers there may be; below 0 there are too many, after a resize. */
  get room(): number {
    return this.max + this.options.spareProcesses - this.roster.alive;
  }

  /** How many more workers there are to be, also when nothing waits for one; below 0 some may go. */
  get missing(): number {
    return this.#wanted - this.roster.alive;
  }

  /** Whether all that are to be there are ready. */
  get isWarm(): boolean {
    return this.roster.count('ready') >= this.#wanted;
  }

  get #wanted(): number {
    const { minProcesses, spareProcesses } = this.options;
    const busy =
      spareProcesses === 0 ? 0 : this.roster.alive - this.idle.size - this.roster.count('starting');
    return Math.min(this.max, Math.max(minProcesses, busy)) + spareProcesses;
  }
}
