import type { Attempt } from './channels/channel.js';
import type { IdleWorkers, WorkerSet } from './worker-set.js';

/** How many workers may be ending in the smallest pool. */
const FEWEST_ENDING = 4;
/** How many workers may run in place of others that wait for the application, in the smallest pool. */
const FEWEST_LENT = 8;

export interface PoolSizeOptions {
  readonly maxProcesses: number;
  readonly minProcesses: number;
  /** Workers that are kept ready beside those that are in use or kept anyway. */
  readonly spareProcesses: number;
}

/** How many workers there may be, and how many there should be. */
export class PoolSize<A extends Attempt> {
  #max: number;
  /** Workers whose attempts wait for the application: as many others may run. */
  #lent = 0;
  /** How many workers in place of those are kept. To end them after each wait would cost a start for the next. */
  #keptForLent = 0;
  readonly #workers: WorkerSet<A>;
  readonly #idle: IdleWorkers<A>;
  readonly #options: PoolSizeOptions;

  constructor(workers: WorkerSet<A>, idle: IdleWorkers<A>, options: PoolSizeOptions) {
    this.#max = options.maxProcesses;
    this.#workers = workers;
    this.#idle = idle;
    this.#options = options;
  }

  /** Changes how many workers may be busy at once. */
  resize(max: number): void {
    this.#max = max;
    this.#keptForLent = this.#lent;
  }

  /** Another worker may run in place of one that waits. False if too many wait. */
  tryLend(): boolean {
    const isPossible = this.#lent < Math.max(FEWEST_LENT, 2 * this.#max);
    if (isPossible) {
      this.#lent++;
      this.#keptForLent = Math.max(this.#keptForLent, this.#lent);
    }
    return isPossible;
  }

  takeBack(): void {
    this.#lent--;
  }

  /** A worker was idle for so long that it went. */
  noteExpired(): void {
    this.#keptForLent = Math.max(this.#lent, this.#keptForLent - 1);
  }

  /** How many more workers there may be; not above 0 if there are enough. */
  get room(): number {
    return this.#max + this.#lent + this.#options.spareProcesses - this.#workers.alive;
  }

  /** How many workers there are too many, after a resize; not above 0 if there are not. */
  get surplus(): number {
    const { spareProcesses } = this.#options;
    return this.#workers.alive - (this.#max + this.#keptForLent + spareProcesses);
  }

  /** How many more workers there should be, also when nothing waits for one; below 0 some may go. */
  get missing(): number {
    return this.#kept - this.#workers.alive;
  }

  /** Whether all that should be there are ready. */
  get isWarm(): boolean {
    return this.#workers.count('ready') >= this.#kept;
  }

  /** Whether any worker is kept when nothing waits for one. */
  get keepsAny(): boolean {
    return this.#options.minProcesses + this.#options.spareProcesses > 0;
  }

  /**
   * How many workers may be ending when another one is started. Where hooks hang or native calls do not
   * return, threads would pile up without an end.
   */
  get mostEnding(): number {
    return Math.max(FEWEST_ENDING, this.#max + this.#options.spareProcesses);
  }

  get #kept(): number {
    const { minProcesses, spareProcesses } = this.#options;
    const busy =
      spareProcesses === 0
        ? 0
        : this.#workers.alive - this.#idle.size - this.#workers.count('starting');
    return Math.min(this.#max, Math.max(minProcesses, busy)) + spareProcesses;
  }
}
