import { EventEmitter2 } from '@nestjs/event-emitter';
import { resolveOptions } from '../../src/asyncermp.options.js';
import type { WorkerFactory, LaneListener } from '../../src/pool/lane.js';
import type { TaskHandler } from '../../src/contract/backend.js';
import { Scheduler } from '../../src/engine/scheduler.js';
import type { Task } from '../../src/engine/task.js';
import { TaskPublisher, type EventEmitterLike } from '../../src/engine/task-publisher.js';
import { PoolLog } from '../../src/pool/pool-log.js';
import { TaskSerializationError } from '../../src/contract/errors.js';
import { TaskEvent, type TaskEventPayload } from '../../src/contract/task-events.js';
import type { SettledState, TaskHandle } from '../../src/contract/task-handle.js';
import type { TaskOptions } from '../../src/contract/task-options.js';
import { Ledger, type Known } from './ledger.js';
import { ModelLane, type LaneWitness } from './model-lane.js';

const CONCURRENCY = 1;
const silent = { log: () => {}, error: () => {}, warn: () => {} };

/** Submissions that may be cancelled together share one of so many signals. */
const SIGNALS = 3;

const SETTLING: Partial<Record<TaskEvent, SettledState>> = {
  [TaskEvent.Completed]: 'completed',
  [TaskEvent.Failed]: 'failed',
  [TaskEvent.Cancelled]: 'cancelled',
};

/** A submission, as the model makes it. */
export interface ModelSubmission extends TaskOptions {
  readonly isBounded?: boolean;
  readonly isUnsendable?: boolean;
  /** Which of the signals cancels it, if any. */
  readonly signalIndex?: number | undefined;
}

/** What code of the user does when it is called. */
export type Mischief = (world: ModelWorld) => void;

/**
 * A real scheduler on a pool of model lanes, and an observer that knows only what was submitted and what
 * became of the attempts. It throws as soon as anything is not as promised.
 *
 * Code of the user is called where the library calls it (listeners, `retryOn`, getters of arguments), and does
 * there what it was armed with: it may call anything.
 */
export class ModelWorld implements WorkerFactory<Task>, LaneWitness {
  readonly scheduler: Scheduler;
  readonly lanes: ModelLane[] = [];
  readonly #ledger = new Ledger();
  readonly #plain = { name: 'plain', index: 0, options: {} } satisfies TaskHandler;
  readonly #bounded = {
    name: 'bounded',
    index: 1,
    options: { concurrency: CONCURRENCY },
  } satisfies TaskHandler;
  #limit: number;
  #isPaused = false;
  readonly #runMs: number;
  readonly #maxQueue: number;
  readonly #signals = Array.from({ length: SIGNALS }, () => new AbortController());
  readonly #mischief: Mischief[] = [];
  readonly emitter = new EventEmitter2();
  /** What was broken inside of code that must not throw. */
  #broken: unknown = undefined;

  /**
   * @param runMs - What each attempt takes: long ones are never sent ahead of their turn.
   * @param maxQueue - How many tasks may wait; further submissions wait for room.
   */
  constructor(
    maxProcesses: number,
    runMs: number,
    maxTasksPerWorker = Infinity,
    maxQueue = Infinity,
  ) {
    this.#runMs = runMs;
    this.#maxQueue = maxQueue;
    this.#limit = maxProcesses;
    const options = resolveOptions({
      maxProcesses,
      minProcesses: 0,
      idleTimeout: Infinity,
      cancelGrace: 0,
      maxTasksPerWorker,
      retain: 10_000,
      completedQueueSize: 0,
      maxQueue,
      onFull: 'wait',
    });
    const log = new PoolLog(silent);
    this.scheduler = new Scheduler(
      options,
      new TaskPublisher(options, log, () => this.emitter as unknown as EventEmitterLike),
      log,
      this,
    );
    for (const name of Object.values(TaskEvent)) {
      this.emitter.on(name, (event: TaskEventPayload) => {
        this.#guarded(() => this.#hear(name, event));
        this.userCode();
      });
    }
  }

  create(id: number, listener: LaneListener<Task>): ModelLane {
    const lane = new ModelLane(id, listener, this);
    this.lanes.push(lane);
    return lane;
  }

  get present(): ModelLane[] {
    return this.lanes.filter(({ isGone }) => !isGone);
  }

  // ---- what happens to the scheduler

  /** Settles when the submission is accepted, or refused. */
  submit(isBounded: boolean, options: ModelSubmission = {}): Promise<void> {
    const { isUnsendable = false, signalIndex, ...taskOptions } = options;
    const uid = `task ${this.#ledger.all.length}`;
    const { attempts = 1, crashAttempts = 1, priority = 0 } = options;
    const signal = signalIndex === undefined ? undefined : this.#signal(signalIndex).signal;
    const known: Known = {
      uid,
      isBounded,
      isUnsendable,
      signal,
      isAccepted: false,
      started: 0,
      attempts,
      crashAttempts,
      priority,
      failures: 0,
      crashes: 0,
      seq: this.#ledger.all.length,
      expected: undefined,
      settled: [],
    };
    this.#ledger.all.push(known);
    const handler = isBounded ? this.#bounded : this.#plain;
    const retryOn = (): boolean => {
      this.userCode();
      return true;
    };
    return this.scheduler
      .submit(handler, [], { ...taskOptions, uid, retryOn, ...(signal && { signal }) })
      .then(
        (handle) => {
          // Its rejection is looked at as an event.
          void handle.result;
        },
        () => {
          // It was cancelled while it waited for room.
          this.#guarded(() => {
            if (known.isAccepted || known.expected !== 'cancelled') {
              throw new Error(`${uid} was refused`);
            }
          });
        },
      );
  }

  /** The next code of the user that is called does this. */
  arm(mischief: Mischief): void {
    this.#mischief.push(mischief);
  }

  /** Code of the user is called. */
  userCode(): void {
    const mischief = this.#mischief.shift();
    if (mischief) {
      this.#guarded(() => mischief(this));
    }
  }

  abort(index: number): void {
    const controller = this.#signal(index);
    this.#signals[index % SIGNALS] = new AbortController();
    const own = this.#ledger.all.filter(
      (task) => task.signal === controller.signal && this.#isOpen(task),
    );
    controller.abort('of the test');
    for (const task of own) {
      const state = this.#handle(task)?.state ?? 'cancelled';
      if (state === 'cancelled') {
        this.#ledger.noteCancel(task);
      } else if (state !== 'failed' || !task.isUnsendable) {
        throw new Error(`The signal of ${task.uid} was aborted, and it is ${state}`);
      }
    }
  }

  cancel(index: number): void {
    const task = this.#ledger.all[index % this.#ledger.all.length];
    if (task && this.scheduler.cancel(task.uid, 'of the test')) {
      this.#ledger.noteCancel(task);
    }
  }

  reprioritise(index: number, priority: number): void {
    const task = this.#ledger.all[index % this.#ledger.all.length];
    if (task) {
      // Before, since it may be sent at once.
      const before = task.priority;
      task.priority = priority;
      if (!this.#handle(task)?.reprioritise(priority)) {
        task.priority = before;
      }
    }
  }

  resize(limit: number): void {
    this.#limit = limit;
    this.scheduler.resize(limit);
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) {
      void this.scheduler.pause();
    } else {
      void this.scheduler.resume();
    }
  }

  finish(lane: ModelLane, isOk: boolean, runMs = this.#runMs): void {
    if (lane.running) {
      this.#ledger.noteEnd(this.#ledger.find(lane.running.uid), isOk);
    }
    lane.finish(isOk, runMs);
  }

  die(lane: ModelLane): void {
    const { running, finished, load, state } = lane;
    const diesByItself = state !== 'killed' && state !== 'released';
    if (diesByItself && !running && (finished === 0 || load > 0)) {
      // As good as not started, so that the next one waits for a pause; or what it holds is suspected
      // to be what killed it. Both are told of elsewhere.
      return;
    }
    if (running) {
      this.#ledger.noteCrash(this.#ledger.find(running.uid));
    }
    lane.die();
  }

  // ---- what must hold at every moment

  onSend(lane: ModelLane, sent: Task): void {
    const busy = this.present.filter(({ load }) => load > 0).length;
    const task = this.#ledger.find(sent.uid);
    if (this.#isPaused) {
      throw new Error(`${task.uid} was sent in a pause`);
    }
    if (busy + (lane.load === 0 ? 1 : 0) > this.#limit) {
      throw new Error(`${task.uid} was sent beyond the limit of ${this.#limit}`);
    }
    if (task.settled.length > 0 || this.#isHeld(task)) {
      throw new Error(`${task.uid} was sent, and is settled or with a lane`);
    }
    if (lane.load > 0 && this.#runMs >= 1) {
      throw new Error(`${task.uid} was sent ahead, and is a long one`);
    }
    const held = this.present.flatMap((other) => other.held());
    const bounded = held.filter(({ uid }) => this.#ledger.find(uid).isBounded).length;
    if (task.isBounded && bounded >= CONCURRENCY) {
      throw new Error(`${task.uid} was sent beyond the concurrency of its handler`);
    }
    const first = this.#ledger.all
      .filter((other) => other === task || this.#waits(other))
      .filter(({ isBounded }) => !isBounded || bounded < CONCURRENCY)
      .sort((a, b) => b.priority - a.priority || a.seq - b.seq)[0];
    // Where submissions wait for room, the observer does not know at once which of them was let in.
    if (first !== task && this.#maxQueue === Infinity) {
      throw new Error(`${task.uid} was sent before ${first?.uid}`);
    }
  }

  onBegin(lane: ModelLane, begun: Task): void {
    const twin = this.present.find((other) => other !== lane && other.running === begun);
    if (twin) {
      throw new Error(`${begun.uid} began on lane ${lane.id} and runs on lane ${twin.id}`);
    }
  }

  onPost(task: Task): TaskSerializationError | undefined {
    const known = this.#ledger.find(task.uid);
    this.userCode();
    if (!known.isUnsendable || known.expected === 'cancelled') {
      return undefined;
    }
    this.#ledger.expect(known, 'failed');
    return new TaskSerializationError('args', 'is a function', { uid: known.uid });
  }

  check(): void {
    if (this.#broken !== undefined) {
      throw this.#broken;
    }
    this.#checkBooks();
    const { running, maxProcesses } = this.scheduler.stats();
    const busy = this.present.filter(({ load }) => load > 0).length;
    if (running !== busy || maxProcesses !== this.#limit) {
      throw new Error(`${running} permits are given out for ${busy} busy lanes`);
    }
    this.#ledger.check();
  }

  /** Nothing is lost, and nothing is counted twice. */
  #checkBooks(): void {
    const { all } = this.#ledger;
    const stats = this.scheduler.stats();
    const settled = (state: SettledState) =>
      this.#ledger.count((task) => task.settled.includes(state));
    const accepted = this.#ledger.count((task) => task.isAccepted);
    const held = new Set(this.present.flatMap((lane) => lane.held()).map(({ uid }) => uid));
    const isOpen = (task: Known) => task.isAccepted && task.settled.length === 0;
    const books = {
      accepted,
      completed: settled('completed'),
      failed: settled('failed'),
      cancelled: settled('cancelled'),
      admitting: this.#ledger.count((task) => !task.isAccepted && task.expected === undefined),
      inFlight: this.#ledger.count(isOpen),
    };
    const withLanes = this.#ledger.count((task) => isOpen(task) && held.has(task.uid));
    const kept = {
      accepted: stats.accepted,
      completed: stats.completed,
      failed: stats.failed,
      cancelled: stats.cancelled,
      admitting: stats.admitting,
      inFlight: stats.waiting + stats.retrying + withLanes,
    };
    if (JSON.stringify(books) !== JSON.stringify(kept)) {
      throw new Error(`The books say ${JSON.stringify(kept)}, and it is ${JSON.stringify(books)}`);
    }
    for (const task of all) {
      const attempt = this.#handle(task)?.attempt ?? task.started;
      // The message that an attempt began may be still to come.
      const mayRun = this.present.some(({ running }) => running?.uid === task.uid);
      if (attempt !== task.started && !(mayRun && attempt === task.started + 1 && isOpen(task))) {
        throw new Error(`${task.uid} shows attempt ${attempt}, and started ${task.started} times`);
      }
    }
  }

  /** Events of a task: queued, then started for each attempt, one outcome, and nothing after it. */
  #hear(name: TaskEvent, { uid, attempt }: TaskEventPayload): void {
    const task = this.#ledger.find(uid);
    const state = SETTLING[name];
    const isQueued = name === TaskEvent.Queued;
    const isStarted = name === TaskEvent.Started;
    if (task.isAccepted === isQueued || task.settled.length > 0) {
      throw new Error(`${uid} is ${name}, and was ${task.settled.join() || 'not queued'}`);
    }
    task.isAccepted = true;
    if (attempt !== task.started + (isStarted ? 1 : 0)) {
      throw new Error(`${name} of ${uid} has attempt ${attempt} after ${task.started}`);
    }
    task.started = attempt;
    if (state) {
      task.settled.push(state);
    }
  }

  /** For code that the library calls: what it throws there would not end the test. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#broken ??= error;
    }
  }

  /** Everything works from now on, until nothing is left to do. */
  async comeToRest(): Promise<void> {
    this.#mischief.length = 0;
    this.pause(false);
    this.resize(3);
    for (let round = 0; this.scheduler.stats().retrying > 0 || this.#workOnce(); round++) {
      this.check();
      if (round > 10_000) {
        throw new Error('There is no end of it');
      }
      if (this.scheduler.stats().retrying > 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      // What is told in one turn is sent at its end.
      await Promise.resolve();
    }
    this.#ledger.checkAllSettled();
    await this.scheduler.drain();
    const alive = this.present.filter(({ state }) => state === 'ready' || state === 'starting');
    if (alive.length > this.#limit) {
      throw new Error(`There are ${alive.length} workers for a limit of ${this.#limit}`);
    }
    const closing = this.scheduler.shutdown();
    for (const lane of this.present) {
      lane.die();
    }
    await closing;
  }

  #workOnce(): boolean {
    let worked = false;
    for (const lane of this.present) {
      if (lane.state === 'killed' || (lane.state === 'released' && lane.load === 0)) {
        this.die(lane);
        worked = true;
      } else if (lane.running) {
        this.finish(lane, true);
        worked = true;
      } else {
        worked = lane.becomeReady() || lane.begin() || worked;
      }
    }
    return worked;
  }

  #signal(index: number): AbortController {
    const controller = this.#signals[index % SIGNALS];
    if (!controller) {
      throw new Error(`There is no signal ${index}`);
    }
    return controller;
  }

  /** Whether it can still be cancelled. */
  #isOpen(task: Known): boolean {
    const state = this.#handle(task)?.state;
    return state === 'queued' || state === 'running' || state === 'retrying';
  }

  #waits(task: Known): boolean {
    return this.#handle(task)?.state === 'queued' && !this.#isHeld(task);
  }

  #isHeld({ uid }: Known): boolean {
    return this.present.some((lane) => lane.held().some((held) => held.uid === uid));
  }

  #handle({ uid }: Known): TaskHandle | undefined {
    return this.scheduler.get(uid);
  }
}
