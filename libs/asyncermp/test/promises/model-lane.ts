import type { TaskSerializationError } from '../../src/contract/errors.js';
import type { Lane, LaneEnd, LaneListener } from '../../src/pool/lane.js';
import { encodeError } from '../../src/protocol/error-codec.js';
import { monotonicMs } from '../../src/protocol/monotonic-clock.js';
import type { Task } from '../../src/engine/task.js';

/** What lanes report to the world of the test, before it happens. */
export interface LaneWitness {
  onSend(lane: ModelLane, task: Task): void;
  onBegin(lane: ModelLane, task: Task): void;
  /** Its arguments are read, as a clone reads them; returns why that fails, if it does. */
  onPost(task: Task): TaskSerializationError | undefined;
}

/** An attempt that was sent, or (undefined) the place of one that was revoked. */
type Sent = Task | undefined;

/** A worker that the test moves step by step. */
export class ModelLane implements Lane<Task> {
  state: 'starting' | 'ready' | 'released' | 'killed' | 'gone' = 'starting';
  running: Task | undefined = undefined;
  finished = 0;
  /** Whether it begins the next attempt in the moment before that is revoked. */
  isAhead = false;
  readonly id: number;
  readonly #listener: LaneListener<Task>;
  readonly #witness: LaneWitness;
  readonly #outbox: Sent[] = [];
  readonly #inbox: Sent[] = [];
  #startedAt = Number.NaN;

  constructor(id: number, listener: LaneListener<Task>, witness: LaneWitness) {
    this.id = id;
    this.#listener = listener;
    this.#witness = witness;
  }

  get load(): number {
    return this.#outbox.length + this.#inbox.length + (this.running ? 1 : 0);
  }

  get isGone(): boolean {
    return this.state === 'gone';
  }

  // ---- what the pool calls

  send(task: Task): void {
    if (this.state !== 'ready') {
      throw new Error(`An attempt was sent to lane ${this.id}, which is ${this.state}`);
    }
    this.#witness.onSend(this, task);
    this.#outbox.push(task);
  }

  flush(): void {
    // By index: what the witness does may revoke any of them.
    for (let place = 0; place < this.#outbox.length; place++) {
      const task = this.#outbox[place];
      const error = task && this.#witness.onPost(task);
      if (task && error && this.#outbox[place] === task) {
        this.#outbox.splice(place--, 1);
        this.#listener.onUnsendable(this, task, error);
      }
    }
    this.#inbox.push(...this.#outbox.splice(0));
  }

  isStarted(task: Task): boolean {
    return this.running === task;
  }

  startedAt(task: Task): number | undefined {
    return this.running === task ? this.#startedAt : undefined;
  }

  held(): Task[] {
    return [...this.#outbox, ...this.#inbox, this.running].filter((sent) => sent !== undefined);
  }

  revoke(task: Task): boolean {
    if (this.isAhead) {
      this.begin(false);
    }
    for (const box of [this.#outbox, this.#inbox]) {
      const place = box.indexOf(task);
      if (place >= 0) {
        box[place] = undefined;
        return true;
      }
    }
    return false;
  }

  cancel(): void {
    // Whether it stops, and when, is for the test to say.
  }

  giveUp(): void {
    this.kill();
  }

  kill(): void {
    if (!this.isGone) {
      this.state = 'killed';
    }
  }

  release(): void {
    if (!this.isGone) {
      this.state = 'released';
    }
  }

  leaveBehind(): void {
    this.die(true);
  }

  // ---- what the test makes it do; false if there is nothing of that kind to do

  becomeReady(): boolean {
    if (this.state !== 'starting') {
      return false;
    }
    this.state = 'ready';
    this.#listener.onReady(this);
    return true;
  }

  /**
   * Begins the next attempt, or passes over it if it was revoked.
   * @param isReported - Whether the message that it began arrives at all.
   */
  begin(isReported = true): boolean {
    if (this.running || this.#inbox.length === 0 || this.isGone) {
      return false;
    }
    const next = this.#inbox.shift();
    if (!next) {
      this.#listener.onSkipped(this);
      return true;
    }
    this.#witness.onBegin(this, next);
    this.running = next;
    this.#startedAt = monotonicMs();
    if (isReported) {
      this.#listener.onStarted(this, next);
    }
    return true;
  }

  /** The attempt in hand ends; returns its task. */
  finish(isOk: boolean, runMs: number): Task | undefined {
    const task = this.running;
    if (!task || this.isGone) {
      return undefined;
    }
    const startedAt = this.#startedAt;
    this.running = undefined;
    this.finished++;
    if (isOk) {
      this.#listener.onCompleted(this, task, task.seq, startedAt, runMs);
    } else {
      const error = encodeError(new RangeError(task.uid));
      this.#listener.onFailed(this, task, error, startedAt, runMs);
    }
    return task;
  }

  /** The worker ends: by itself, or because it was killed or released. */
  die(isLeftBehind = false): void {
    const isExpected = this.state === 'killed' || this.state === 'released';
    const running = this.running;
    const waiting = this.held().filter((task) => task !== running);
    const end: LaneEnd<Task> = {
      running,
      runningSince: running && this.#startedAt,
      waiting,
      crash: isExpected ? undefined : { reason: 'exit', exitCode: 1 },
      startError: undefined,
      isLeftBehind,
      gone: Promise.resolve(),
    };
    this.state = 'gone';
    this.running = undefined;
    this.#inbox.length = 0;
    this.#outbox.length = 0;
    this.#listener.onEnding(this);
    this.#listener.onEnded(this, end);
  }
}
