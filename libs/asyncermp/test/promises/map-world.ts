import { resolveOptions } from '../../src/asyncermp.options.js';
import type { MapOptions } from '../../src/contract/map-options.js';
import { Scheduler } from '../../src/engine/scheduler.js';
import { TaskPublisher } from '../../src/engine/task-publisher.js';
import type { Task } from '../../src/engine/task.js';
import type { LaneListener, WorkerFactory } from '../../src/pool/lane.js';
import { PoolLog } from '../../src/pool/pool-log.js';
import { ModelLane, type LaneWitness } from './model-lane.js';

const silent = { log: () => {}, error: () => {}, warn: () => {} };
const handler = { name: 'plain', index: 0, options: {} };

/** A real scheduler with a short queue, whose submissions wait for room, on two model lanes. */
export class MapWorld implements WorkerFactory<Task>, LaneWitness {
  /** Whether an attempt has failed. */
  hasFailed = false;
  readonly #scheduler: Scheduler;
  readonly #lanes: ModelLane[] = [];
  readonly #items = new Map<number, unknown>();
  #isOver = false;

  constructor() {
    const options = resolveOptions({
      maxProcesses: 2,
      minProcesses: 0,
      maxQueue: 1,
      onFull: 'wait',
      idleTimeout: Infinity,
      cancelGrace: 0,
    });
    const log = new PoolLog(silent);
    const publisher = new TaskPublisher(options, log, () => undefined);
    this.#scheduler = new Scheduler(options, publisher, log, this);
  }

  map(
    source: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    options: MapOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    return this.#scheduler.map(handler, source, options);
  }

  onPost(): undefined {}

  create(id: number, listener: LaneListener<Task>): ModelLane {
    const lane = new ModelLane(id, listener, this);
    this.#lanes.push(lane);
    return lane;
  }

  onSend(): void {
    if (this.#isOver) {
      throw new Error('A task was sent after the loop was left');
    }
  }

  onBegin(_lane: ModelLane, task: Task): void {
    if (this.#isOver) {
      throw new Error('A task began after the loop was left');
    }
    this.#items.set(task.seq, (task.args as readonly unknown[])[0]);
  }

  /** The item whose result is this one: a model lane returns the number of the task. */
  itemOf(seq: number): unknown {
    return this.#items.get(seq);
  }

  work(what: 'ready' | 'begin' | 'complete' | 'fail', index: number): void {
    const present = this.#present;
    const lane = present[index % Math.max(1, present.length)];
    if (what === 'ready') {
      lane?.becomeReady();
    } else if (what === 'begin') {
      lane?.begin();
    } else if (lane?.running) {
      this.hasFailed ||= what === 'fail';
      lane.finish(what === 'complete', 1);
    }
  }

  /** Lets each lane take a step. Returns whether any did. */
  workOnce(): boolean {
    let worked = this.#scheduler.stats().retrying > 0;
    for (const lane of this.#present) {
      if (lane.state === 'killed' || (lane.state === 'released' && lane.load === 0)) {
        lane.die();
        worked = true;
      } else if (lane.running) {
        lane.finish(true, 1);
        worked = true;
      } else {
        worked = lane.becomeReady() || lane.begin() || worked;
      }
    }
    return worked;
  }

  /** The books, which must be right after every step. */
  check(): void {
    const { accepted, completed, failed, cancelled, waiting, retrying, running } =
      this.#scheduler.stats();
    const withLanes = this.#present
      .flatMap((lane) => lane.held())
      .filter((task) => !task.isSettled);
    const inFlight = waiting + retrying + withLanes.length;
    const settled = completed + failed + cancelled;
    if (accepted !== settled + inFlight) {
      throw new Error(
        `${accepted} were accepted, ${settled} settled, and ${inFlight} are in flight`,
      );
    }
    const busy = this.#present.filter(({ load }) => load > 0).length;
    if (running !== busy) {
      throw new Error(`${running} permits are given out for ${busy} busy lanes`);
    }
  }

  /** From now on no attempt may be sent or begin. */
  forbidStarts(): void {
    this.#isOver = true;
  }

  /** Checks that nothing is left in flight. */
  async close(): Promise<void> {
    const { waiting, retrying, admitting, accepted, completed, failed, cancelled } =
      this.#scheduler.stats();
    const left = {
      waiting,
      retrying,
      admitting,
      unsettled: accepted - completed - failed - cancelled,
    };
    if (Object.values(left).some((count) => count !== 0)) {
      throw new Error(`Left behind: ${JSON.stringify(left)}`);
    }
    const closing = this.#scheduler.shutdown();
    for (const lane of this.#present) {
      lane.die();
    }
    await closing;
  }

  get #present(): ModelLane[] {
    return this.#lanes.filter(({ isGone }) => !isGone);
  }
}
