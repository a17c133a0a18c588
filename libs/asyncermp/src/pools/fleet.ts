import { monotonicMs } from '../protocol/monotonic-clock.js';
import { ConfigurationError } from '../tasks/errors.js';
import type { PoolLog } from '../tasks/pool-log.js';
import { IdleLanes } from './idle-lanes.js';
import type { Attempt, Lane, LaneEnd, LaneFactory, LaneListener } from './lane.js';
import { Member } from './member.js';
import { Roster } from './roster.js';
import { StartBackoff } from './start-backoff.js';

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

/** How long the shutdown hooks of a worker's providers may take before the worker is killed, in ms. */
const RELEASE_GRACE_MS = 5_000;
/**
 * How long a worker that is not wanted any more may take to start, in ms. A thread is not ended while it
 * loads modules if that can be avoided: Node 20 then may abort the whole process (`v8::Module::IsGraphAsync
 * must be used on an instantiated module`, from a require() of an ES module that was interrupted).
 */
const START_GRACE_MS = 15_000;
/** What setTimeout takes at most. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps the right number of workers: starts them when there is demand, keeps `minProcesses` warm, lets
 * go of those that were idle too long, replaces those that are worn, and backs off when they fail to
 * start. Of attempts it knows only how many a lane has.
 */
export class Fleet<A extends Attempt> {
  readonly #roster = new Roster<A>();
  readonly #idle: IdleLanes<A>;
  readonly #backoff: StartBackoff;
  readonly #awaiting: ((startError?: unknown) => void)[] = [];
  #lastId = 0;
  #max: number;
  #isClosed = false;

  constructor(
    private readonly factory: LaneFactory<A>,
    private readonly options: FleetOptions,
    private readonly user: FleetUser<A>,
    private readonly log: PoolLog,
  ) {
    this.#max = options.maxProcesses;
    this.#idle = new IdleLanes(options.idleTimeout, (member) => this.#expire(member));
    this.#backoff = new StartBackoff(() => {
      this.#keepMinimum();
      this.user.onMayStart();
    });
  }

  /**
   * Starts the workers that are kept warm; settles when they are ready, or one failed to start.
   * @throws ConfigurationError of a worker: it would keep the later ones from starting, too
   */
  warmUp(): Promise<void> {
    if (this.#roster.count('ready') >= this.#wanted) {
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
    return this.#roster.alive >= this.#most;
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

  /** Starts workers for those that wait, as far as the bound and the failures of late allow. */
  grow(): void {
    while (
      !this.#isClosed &&
      this.#roster.alive < this.#most &&
      this.#roster.count('starting') < this.user.demand &&
      this.#backoff.mayStart
    ) {
      this.#start();
    }
    this.#keepMinimum();
  }

  /** A lane was given its first attempt. */
  markBusy(member: Member<A>): void {
    this.#idle.remove(member);
    if (this.options.spareProcesses > 0) {
      this.#keepMinimum();
    }
  }

  /** A lane's last attempt is over. */
  markIdle(member: Member<A>): void {
    if (
      member.state === 'retiring' ||
      (member.state === 'ready' && this.#roster.alive > this.#most)
    ) {
      this.#release(member);
    } else if (member.state === 'ready') {
      this.#idle.add(member);
    }
  }

  /** An attempt is over: the worker may be worn now. */
  noteFinished(member: Member<A>): void {
    member.finished++;
    this.#backoff.succeeded();
    const { maxTasksPerWorker, maxWorkerAge } = this.options;
    if (
      member.finished >= maxTasksPerWorker ||
      (maxWorkerAge !== Infinity && monotonicMs() - member.bornAt >= maxWorkerAge)
    ) {
      this.wearOut(member);
    }
  }

  /** Has the worker replaced: by one that is warm before this one goes. */
  wearOut(member: Member<A>): void {
    // One of too many, after a resize, goes anyway and needs no replacement.
    const isNeeded = this.#roster.alive <= this.#most && !this.#isClosed;
    if (isNeeded && member.state === 'ready' && !member.worn && this.#backoff.mayStart) {
      member.worn = true;
      this.#start();
    }
  }

  onReady(lane: Lane<A>): void {
    const member = this.#roster.get(lane);
    if (member?.state !== 'starting') {
      return;
    }
    member.state = 'ready';
    clearTimeout(member.killTimer);
    this.markIdle(member);
    this.#retireWorn();
    if (this.#roster.count('ready') >= this.#wanted) {
      this.#wakeAwaiting();
    }
  }

  /** A worker is gone. */
  onEnded(lane: Lane<A>, { crash, running, startError }: LaneEnd<A>): void {
    const member = this.#roster.get(lane);
    if (!member) {
      return;
    }
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
    this.#keepMinimum();
  }

  /** Changes how many workers there may be. Those above it go when their attempts are over. */
  resize(max: number): void {
    this.#max = max;
    while (this.#roster.alive > this.#most && this.#idle.oldest) {
      this.#release(this.#idle.oldest);
    }
    const starting = [...this.#roster].filter(({ state }) => state === 'starting');
    const surplus = starting.slice(0, Math.max(0, this.#roster.alive - this.#most));
    for (const member of surplus) {
      this.#release(member);
    }
    if (surplus.length > 0) {
      // A replacement may be among them: what it was to replace counts again.
      this.#roster.unwear();
    }
    this.#keepMinimum();
  }

  /** The worker takes nothing any more. */
  markEnding(member: Member<A>): void {
    this.#idle.remove(member);
    member.state = 'ending';
  }

  /** Ends a worker at once. */
  kill(member: Member<A>): void {
    this.markEnding(member);
    member.lane.kill();
  }

  /**
   * Lets every worker close its providers and end; one that has an attempt still has `graceMs` for it.
   * Settles when all are gone.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#idle.close();
    this.#backoff.close();
    this.#wakeAwaiting();
    if (this.#roster.size === 0) {
      return;
    }
    const gone = new Promise<void>((resolve) => this.#awaiting.push(() => resolve()));
    for (const member of this.#roster) {
      if (member.lane.load === 0) {
        this.#release(member);
      } else if (member.state !== 'ending') {
        member.state = 'retiring';
        this.#killIn(member, Math.min(graceMs, RELEASE_GRACE_MS));
      }
    }
    await gone;
  }

  /** How many workers there may be. */
  get #most(): number {
    return this.#max + this.options.spareProcesses;
  }

  /** How many workers there are to be, also when nothing waits for one. */
  get #wanted(): number {
    const { minProcesses, spareProcesses } = this.options;
    const busy =
      spareProcesses === 0
        ? 0
        : this.#roster.alive - this.#idle.size - this.#roster.count('starting');
    return Math.min(this.#max, Math.max(minProcesses, busy)) + spareProcesses;
  }

  #keepMinimum(): void {
    while (!this.#isClosed && this.#roster.alive < this.#wanted && this.#backoff.mayStart) {
      this.#start();
    }
  }

  #start(): void {
    const lane = this.factory.create(++this.#lastId, this.user);
    const member = new Member(lane, monotonicMs());
    this.#roster.add(member);
    const { startTimeout } = this.options;
    if (startTimeout !== Infinity) {
      // When this thread was blocked, the worker's word that it is ready may be waiting behind the timer.
      const late = () => setImmediate(() => this.#giveUp(member));
      member.killTimer = setTimeout(late, Math.min(startTimeout, LONGEST_TIMER_MS));
    }
  }

  #giveUp(member: Member<A>): void {
    if (member.state !== 'starting') {
      return;
    }
    this.markEnding(member);
    member.lane.giveUp(
      new Error(
        `It was not ready within the startTimeout of ${this.options.startTimeout} ms. Does a lifecycle ` +
          'hook or a factory of one of its providers wait for something?',
      ),
    );
  }

  #startFailed(member: Member<A>, error: unknown): void {
    // The replacement of a worn worker did not come: the worn one goes on.
    this.#roster.unwear();
    this.log.workerStartFailed(member.lane.id, error, this.#backoff.failed());
    this.#wakeAwaiting(error);
    if (
      this.#backoff.isPersistent &&
      this.#roster.count('ready') + this.#roster.count('starting') === 0
    ) {
      this.user.onNoWorkers(error);
    }
  }

  #retireWorn(): void {
    const { worn } = this.#roster;
    if (worn) {
      worn.state = 'retiring';
      if (worn.lane.load === 0) {
        this.#release(worn);
      }
    }
  }

  #expire(member: Member<A>): boolean {
    const mayGo = this.#roster.alive > this.#wanted;
    if (mayGo) {
      this.#release(member);
    }
    return mayGo;
  }

  /** Lets a worker end by itself; one that is starting, once it has started. */
  #release(member: Member<A>): void {
    if (member.state !== 'ending') {
      const graceMs = member.state === 'starting' ? START_GRACE_MS : RELEASE_GRACE_MS;
      this.#idle.remove(member);
      member.state = 'ending';
      member.lane.release();
      this.#killIn(member, graceMs);
    }
  }

  #killIn(member: Member<A>, graceMs: number): void {
    clearTimeout(member.killTimer);
    member.killTimer = setTimeout(() => this.kill(member), graceMs);
  }

  #wakeAwaiting(startError?: unknown): void {
    for (const settle of this.#awaiting.splice(0)) {
      settle(startError);
    }
  }
}
