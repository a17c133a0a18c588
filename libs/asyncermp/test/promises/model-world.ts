import { resolveOptions } from '../../src/asyncermp.options.js';
import type { WorkerFactory, LaneListener } from '../../src/pool/lane.js';
import type { TaskHandler } from '../../src/contract/backend.js';
import { Scheduler } from '../../src/engine/scheduler.js';
import type { Task } from '../../src/engine/task.js';
import { TaskPublisher } from '../../src/engine/task-publisher.js';
import { PoolLog } from '../../src/pool/pool-log.js';
import type { TaskHandle } from '../../src/contract/task-handle.js';
import type { TaskOptions } from '../../src/contract/task-options.js';
import { Ledger, type Known } from './ledger.js';
import { ModelLane, type LaneWitness } from './model-lane.js';

const CONCURRENCY = 1;
const silent = { log: () => {}, error: () => {}, warn: () => {} };

/**
 * A real scheduler on a pool of model lanes, and an observer that knows only what was submitted and what
 * became of the attempts. It throws as soon as anything is not as promised.
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

  /** @param runMs - What each attempt takes: long ones are never sent ahead of their turn. */
  constructor(maxProcesses: number, runMs: number, maxTasksPerWorker = Infinity) {
    this.#runMs = runMs;
    this.#limit = maxProcesses;
    const options = resolveOptions({
      maxProcesses,
      minProcesses: 0,
      idleTimeout: Infinity,
      cancelGrace: 0,
      maxTasksPerWorker,
      retain: 10_000,
      completedQueueSize: 0,
    });
    const log = new PoolLog(silent);
    this.scheduler = new Scheduler(
      options,
      new TaskPublisher(options, log, () => undefined),
      log,
      this,
    );
    this.scheduler.completed$.subscribe(({ uid, state }) =>
      this.#ledger.find(uid).settled.push(state),
    );
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

  async submit(isBounded: boolean, options: TaskOptions): Promise<void> {
    const uid = `task ${this.#ledger.all.length}`;
    const { attempts = 1, crashAttempts = 1, priority = 0 } = options;
    this.#ledger.all.push({
      uid,
      isBounded,
      attempts,
      crashAttempts,
      priority,
      failures: 0,
      crashes: 0,
      seq: this.#ledger.all.length,
      expected: undefined,
      settled: [],
    });
    const handler = isBounded ? this.#bounded : this.#plain;
    const handle = await this.scheduler.submit(handler, [], { ...options, uid });
    // Its rejection is looked at as an event.
    void handle.result;
  }

  cancel(index: number): void {
    const task = this.#ledger.all[index % this.#ledger.all.length];
    if (task && this.scheduler.cancel(task.uid, 'of the test')) {
      this.#ledger.expect(task, 'cancelled');
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
    if (first !== task) {
      throw new Error(`${task.uid} was sent before ${first?.uid}`);
    }
  }

  onBegin(lane: ModelLane, begun: Task): void {
    const twin = this.present.find((other) => other !== lane && other.running === begun);
    if (twin) {
      throw new Error(`${begun.uid} began on lane ${lane.id} and runs on lane ${twin.id}`);
    }
  }

  check(): void {
    const { running, maxProcesses } = this.scheduler.stats();
    const busy = this.present.filter(({ load }) => load > 0).length;
    if (running !== busy || maxProcesses !== this.#limit) {
      throw new Error(`${running} permits are given out for ${busy} busy lanes`);
    }
    this.#ledger.check();
  }

  /** Everything works from now on, until nothing is left to do. */
  async comeToRest(): Promise<void> {
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
