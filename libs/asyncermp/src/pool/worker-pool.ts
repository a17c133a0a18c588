import { ConfigurationError } from '../contract/errors.js';
import type { PoolLog } from './pool-log.js';
import { IdleLanes, type Member, Roster } from './worker-set.js';
import type { Attempt } from './channels/channel.js';
import type { Lane, LaneEnd, LaneFactory, LaneListener } from './lane.js';
import { LaneEnds, LaneStarts } from './worker-lifecycle.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';

/** How many workers there are, and how long they live. Times in milliseconds. */
export interface FleetOptions {
  readonly maxProcesses: number;
  readonly minProcesses: number;
  /** Workers that are kept ready beside those that are in use or kept anyway. */
  readonly spareProcesses: number;
  readonly startTimeout: number;
  readonly idleTimeout: number;
  readonly maxTasksPerWorker: number;
  readonly maxWorkerAge: number;
}

/** What the fleet asks of, and tells, whoever uses its lanes. */
export interface FleetUser<A extends Attempt> extends LaneListener<A> {
  /** How many attempts wait for a lane. */
  readonly demand: number;
  /** Workers keep failing to start, and none is there: what waits would wait for ever. */
  onNoWorkers(error: unknown): void;
  /** A pause after failed starts is over. */
  onMayStart(): void;
}

/**
 * Keeps the right number of workers: starts them when there is demand, keeps `minProcesses` warm, lets
 * go of those that were idle too long, replaces those that are worn, and backs off when they fail to
 * start. Of attempts it knows only how many a lane has.
 */
export class Fleet<A extends Attempt> {
  readonly #roster = new Roster<A>();
  readonly #idle: IdleLanes<A>;
  readonly #starts: LaneStarts<A>;
  readonly #ends: LaneEnds<A>;
  readonly #headcount: Headcount<A>;
  readonly #replacement: Replacement<A>;
  readonly #awaiting: ((startError?: unknown) => void)[] = [];
  #isShort = false;
  #isClosed = false;

  constructor(
    factory: LaneFactory<A>,
    private readonly options: FleetOptions,
    private readonly user: FleetUser<A>,
    private readonly log: PoolLog,
  ) {
    this.#idle = new IdleLanes(options.idleTimeout, (member) => this.#expire(member));
    this.#ends = new LaneEnds(this.#idle);
    this.#starts = new LaneStarts(factory, user, this.#roster, options.startTimeout, () => {
      this.#keepMinimum();
      user.onMayStart();
    });
    this.#headcount = new Headcount(this.#roster, this.#idle, options, options.maxProcesses);
    this.#replacement = new Replacement(
      this.#roster,
      this.#headcount,
      this.#starts,
      this.#ends,
      options,
    );
  }

  /**
   * Starts the workers that are kept warm; settles when they are ready, or one failed to start.
   * @throws ConfigurationError of a worker: it would keep the later ones from starting, too
   */
  warmUp(): Promise<void> {
    if (this.#headcount.isWarm) {
      return Promise.resolve();
    }
    this.#keepMinimum();
    return new Promise((resolve, reject) => {
      this.#awaiting.push((startError) =>
        startError instanceof ConfigurationError ? reject(startError) : resolve(),
      );
    });
  }

  member(lane: Lane<A>): Member<A> | undefined {
    return this.#roster.get(lane);
  }

  get members(): Iterable<Member<A>> {
    return this.#roster;
  }

  /** Whether there are as many workers as there may be. */
  get isFull(): boolean {
    return this.#headcount.room <= 0;
  }

  /** A ready lane that has nothing to do, if there is one. It stays idle until {@link markBusy}. */
  get idle(): Member<A> | undefined {
    return this.#idle.latest;
  }

  count(): { starting: number; idle: number; busy: number } {
    const idle = this.#idle.size;
    const busy = this.#roster.count('ready') - idle + this.#roster.count('retiring');
    return { starting: this.#roster.count('starting'), idle, busy };
  }

  /**
   * Whether one of those that are kept has ended, or a spare was taken. Starting another one holds the
   * thread for a millisecond or two: that waits for {@link grow}, when what can be sent has been sent.
   */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** Starts workers for those that wait, as far as the bound and the failures of late allow. */
  grow(): void {
    this.#isShort = false;
    while (
      this.#headcount.room > 0 &&
      this.#roster.count('starting') < this.user.demand &&
      this.#starts.mayStart
    ) {
      this.#starts.start();
    }
    this.#keepMinimum();
  }

  /** A lane was given its first attempt. */
  markBusy(member: Member<A>): void {
    this.#idle.remove(member);
    this.#isShort ||= this.options.spareProcesses > 0;
  }

  /** A lane's last attempt is over. */
  markIdle(member: Member<A>): void {
    if (member.state === 'retiring' || (member.state === 'ready' && this.#headcount.room < 0)) {
      this.#ends.release(member);
    } else if (member.state === 'ready') {
      this.#idle.add(member);
    }
  }

  /** An attempt is over: the worker may be worn now. */
  noteFinished(member: Member<A>): void {
    member.finished++;
    this.#starts.noteSuccess();
    this.#replacement.noteFinished(member);
  }

  /** Has the worker replaced: by one that is warm before this one goes. */
  wearOut(member: Member<A>): void {
    this.#replacement.begin(member);
  }

  onReady(lane: Lane<A>): void {
    const member = this.#roster.get(lane);
    if (member?.state !== 'starting') {
      return;
    }
    member.state = 'ready';
    clearTimeout(member.killTimer);
    this.markIdle(member);
    this.#replacement.complete();
    if (this.#headcount.isWarm) {
      this.#wakeAwaiting();
    }
  }

  /** A worker has ended. */
  onEnded(lane: Lane<A>, { crash, running, startError, gone }: LaneEnd<A>): void {
    const member = this.#roster.get(lane);
    if (!member) {
      return;
    }
    this.#ends.ended(gone);
    this.#roster.remove(member);
    this.#idle.remove(member);
    clearTimeout(member.killTimer);
    if (this.#isClosed) {
      if (this.#roster.size === 0) {
        this.#wakeAwaiting();
      }
      return;
    }
    if (startError !== undefined) {
      this.#startFailed(member, startError);
    } else if (crash && !running && member.finished === 0) {
      // It died by itself and had done nothing: as good as not started, or it would die in circles.
      this.#startFailed(member, crash.cause ?? crash.reason);
    } else if (crash && !running) {
      this.log.workerDied(lane.id, crash);
    }
    this.#isShort = true;
  }

  /** Changes how many workers there may be. Those above it go when their attempts are over. */
  resize(max: number): void {
    this.#headcount.max = max;
    while (this.#headcount.room < 0 && this.#idle.oldest) {
      this.#ends.release(this.#idle.oldest);
    }
    const starting = [...this.#roster].filter(({ state }) => state === 'starting');
    const surplus = starting.slice(0, Math.max(0, -this.#headcount.room));
    for (const member of surplus) {
      this.#ends.release(member);
    }
    if (surplus.length > 0) {
      // A replacement may be among them: what it was to replace counts again.
      this.#replacement.callOff();
    }
    this.#keepMinimum();
  }

  /** The worker takes nothing any more. */
  markEnding(member: Member<A>): void {
    this.#ends.mark(member);
  }

  /** Ends a worker at once. */
  kill(member: Member<A>): void {
    this.#ends.kill(member);
  }

  /**
   * Lets every worker close its providers and end; one that has an attempt still has `graceMs` for it.
   * Settles when all are gone.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#idle.close();
    this.#starts.close();
    this.#wakeAwaiting();
    const ended = this.#allEnded();
    for (const member of this.#roster) {
      if (member.lane.load === 0) {
        this.#ends.release(member);
      } else if (member.state !== 'ending') {
        this.#ends.retire(member, graceMs);
      }
    }
    await ended;
    await this.#ends.allGone();
  }

  #allEnded(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#roster.size === 0) {
        resolve();
      } else {
        this.#awaiting.push(() => resolve());
      }
    });
  }

  #keepMinimum(): void {
    while (this.#headcount.missing > 0 && this.#starts.mayStart) {
      this.#starts.start();
    }
  }

  #startFailed(member: Member<A>, error: unknown): void {
    // It may have been a replacement.
    this.#replacement.callOff();
    this.log.workerStartFailed(member.lane.id, error, this.#starts.noteFailure());
    this.#wakeAwaiting(error);
    if (
      this.#starts.failPersistently &&
      this.#roster.count('ready') + this.#roster.count('starting') === 0
    ) {
      this.user.onNoWorkers(error);
    }
  }

  #expire(member: Member<A>): boolean {
    const mayGo = this.#headcount.missing < 0;
    if (mayGo) {
      this.#ends.release(member);
    }
    return mayGo;
  }

  #wakeAwaiting(startError?: unknown): void {
    for (const settle of this.#awaiting.splice(0)) {
      settle(startError);
    }
  }
}

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
