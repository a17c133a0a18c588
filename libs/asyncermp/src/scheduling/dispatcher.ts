import { Fleet, type FleetOptions, type FleetUser } from '../pools/fleet.js';
import type { Lane, LaneEnd, LaneFactory } from '../pools/lane.js';
import type { Member } from '../pools/member.js';
import type { EncodedError } from '../protocol/error-codec.js';
import type { LogLevelName, LogLine } from '../protocol/envelope.js';
import type { TaskSerializationError } from '../tasks/errors.js';
import type { PoolLog } from '../tasks/pool-log.js';
import type { AttemptListener } from './attempt-listener.js';
import { GraceTimers } from './grace-timers.js';
import type { ReadyQueue } from './ready-queue.js';
import { Semaphore } from './semaphore.js';
import { SentAhead } from './sent-ahead.js';
import type { Task } from './task.js';

const NOW = Promise.resolve();

/** Workers that may die with a task before it began, until it is suspected to be what kills them. */
const MOST_RETURNS = 3;

/**
 * Brings what waits to the workers: never more than the semaphore allows at once, to an idle worker
 * first, and short tasks a little ahead of their turn. A permit belongs to a worker for as long as it
 * has attempts, also one whose task is settled and that does not let go: so the bound holds for what
 * really runs.
 */
export class Dispatcher implements FleetUser<Task> {
  readonly #semaphore: Semaphore;
  readonly #fleet: Fleet<Task>;
  readonly #ahead: SentAhead;
  readonly #grace: GraceTimers;
  readonly #unflushed = new Set<Lane<Task>>();
  #isPumping = false;
  #isPumpDue = false;
  #wasRefused = false;
  #isPaused = false;

  constructor(
    private readonly queue: ReadyQueue,
    private readonly listener: AttemptListener,
    factory: LaneFactory<Task>,
    options: FleetOptions & { readonly cancelGrace: number },
    private readonly log: PoolLog,
  ) {
    this.#semaphore = new Semaphore(options.maxProcesses);
    this.#fleet = new Fleet(factory, options, this, log);
    this.#ahead = new SentAhead(
      () => this.#fleet.members,
      (tasks) => this.#haveWaitAgain(tasks),
    );
    this.#grace = new GraceTimers(options.cancelGrace, (member) => this.#fleet.kill(member));
  }

  get semaphore(): Pick<Semaphore, 'held' | 'limit' | 'available'> {
    return this.#semaphore;
  }

  get workers(): ReturnType<Fleet<Task>['count']> {
    return this.#fleet.count();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  warmUp(): Promise<void> {
    return this.#fleet.warmUp();
  }

  pause(): void {
    this.#isPaused = true;
    this.#ahead.recall(() => true);
  }

  resume(): void {
    this.#isPaused = false;
    this.pump();
  }

  resize(maxProcesses: number): void {
    this.#semaphore.resize(maxProcesses);
    this.#fleet.resize(maxProcesses);
    this.pump();
  }

  /** Ends all workers. Those that were told to stop have their grace; the others are idle. */
  async close(): Promise<void> {
    this.#isPaused = true;
    this.#ahead.close();
    await this.#fleet.close(this.#grace.ms);
  }

  /** A task came. It goes at once where a worker is idle, and otherwise with those that come with it. */
  arrive(): void {
    if (this.#fleet.idle || !this.#fleet.isFull) {
      this.pump();
    } else {
      this.#pumpSoon();
    }
  }

  /**
   * Sends what can be sent when all that is being told at the moment has been told: one message for many
   * tasks costs little more than for one.
   */
  #pumpSoon(): void {
    if (!this.#isPumpDue) {
      this.#isPumpDue = true;
      void NOW.then(this.#pumpDue);
    }
  }

  readonly #pumpDue = (): void => {
    this.#isPumpDue = false;
    this.pump();
  };

  /** Sends what can be sent. */
  pump(): void {
    if (this.#isPumping || this.#isPaused) {
      return;
    }
    this.#isPumping = true;
    do {
      this.#wasRefused = false;
      this.#fill();
      for (const lane of this.#unflushed) {
        lane.flush();
      }
      this.#unflushed.clear();
      // What could not be sent has left its place to the next one.
    } while (this.#wasRefused);
    this.#isPumping = false;
    if (this.queue.size > 0) {
      this.#fleet.grow();
    }
    // Also if nothing was sent: a permit may be free for a submission that waits for one.
    this.listener.onRoom();
  }

  #fill(): void {
    for (let task = this.queue.peek(); task && !this.#isPaused; task = this.queue.peek()) {
      const member = this.#placeFor(task);
      if (!member) {
        break;
      }
      this.queue.take(task);
      this.#send(task, member);
    }
  }

  /** Takes a task back that was sent and has not begun; false if it has. It waits nowhere then. */
  takeBack(task: Task): boolean {
    const { lane } = task;
    if (!lane?.revoke(task)) {
      return false;
    }
    const member = this.#fleet.member(lane);
    if (member) {
      member.aheadUs -= task.expectedUs;
    }
    task.handler.semaphore?.release();
    task.takeBack();
    return true;
  }

  /** Tells a running attempt to stop, and ends its worker if it does not in time. */
  stop(task: Task, reason: unknown): void {
    const { lane } = task;
    const member = lane && this.#fleet.member(lane);
    if (member) {
      lane.cancel(task, reason);
      this.#grace.start(task, member);
      // What waits behind it must not begin in the moment before the worker is ended.
      member.blocked = true;
      this.#ahead.recall((_task, other) => other === member);
    }
  }

  /** A task of this priority came. */
  overtake(priority: number): void {
    this.#ahead.overtake(priority);
  }

  // ---- what the fleet asks

  get demand(): number {
    return this.#isPaused || !this.queue.peek() ? 0 : this.queue.size;
  }

  onNoWorkers(error: unknown): void {
    this.listener.onNoWorkers(error);
  }

  onMayStart(): void {
    this.pump();
  }

  // ---- what lanes report

  onReady(lane: Lane<Task>): void {
    this.#fleet.onReady(lane);
    this.pump();
  }

  onStarted(lane: Lane<Task>, task: Task): void {
    this.listener.onStarted(task, lane);
  }

  onProgress(_lane: Lane<Task>, task: Task, value: unknown): void {
    this.listener.onProgress(task, value);
  }

  onCompleted(
    lane: Lane<Task>,
    task: Task,
    result: unknown,
    startedAt: number,
    runMs: number,
  ): void {
    this.#finished(lane, task, runMs);
    this.listener.onCompleted(task, result, startedAt);
  }

  onFailed(
    lane: Lane<Task>,
    task: Task,
    error: EncodedError,
    startedAt: number,
    runMs: number,
  ): void {
    this.#finished(lane, task, runMs);
    this.listener.onFailed(task, error, startedAt);
  }

  onUnsendable(lane: Lane<Task>, task: Task, error: TaskSerializationError): void {
    this.#wasRefused = true;
    this.#letGo(task);
    const member = this.#fleet.member(lane);
    if (member) {
      member.aheadUs -= task.expectedUs;
      this.#noteLoad(member);
    }
    this.listener.onUnsendable(task, error);
    this.pump();
  }

  onSkipped(lane: Lane<Task>): void {
    const member = this.#fleet.member(lane);
    if (member) {
      this.#noteLoad(member);
      this.pump();
    }
  }

  onHeapLimit(lane: Lane<Task>): void {
    const member = this.#fleet.member(lane);
    if (member) {
      this.#fleet.wearOut(member);
    }
  }

  onLog(lane: Lane<Task>, level: LogLevelName, line: LogLine): void {
    this.log.workerLine(lane.id, level, line);
  }

  onEnding(lane: Lane<Task>): void {
    const member = this.#fleet.member(lane);
    if (member) {
      this.#fleet.markEnding(member);
    }
  }

  onEnded(lane: Lane<Task>, end: LaneEnd<Task>): void {
    const member = this.#fleet.member(lane);
    if (member?.hasPermit) {
      member.hasPermit = false;
      this.#semaphore.release();
    }
    const { running, runningSince, waiting, crash } = end;
    const suspects = waiting.filter((task) => !this.#giveBack(task, running === undefined));
    if (running) {
      this.#letGo(running);
    }
    this.#fleet.onEnded(lane, end);
    if (running) {
      this.listener.onLost(running, crash, runningSince);
    }
    for (const task of suspects) {
      this.listener.onLost(task, crash ?? { reason: 'exit' }, undefined);
    }
    this.pump();
  }

  // ---- sending

  #placeFor(task: Task): Member<Task> | undefined {
    const { idle } = this.#fleet;
    if (idle && this.#semaphore.tryAcquire()) {
      idle.hasPermit = true;
      this.#fleet.markBusy(idle);
      task.expectedUs = 0;
      return idle;
    }
    if (this.#semaphore.held > this.#semaphore.limit) {
      // After a resize: workers run dry until there are no more of them than the bound allows.
      return undefined;
    }
    return this.#ahead.placeFor(task);
  }

  #send(task: Task, member: Member<Task>): void {
    const { lane } = member;
    task.handler.semaphore?.tryAcquire();
    task.sendTo(lane);
    member.aheadUs += task.expectedUs;
    lane.send(task, this.listener.wantsStart(task));
    this.#unflushed.add(lane);
    if (lane.load > 1) {
      this.#ahead.noteSent(task);
    }
    this.listener.onSent(task);
  }

  #haveWaitAgain(tasks: Task[]): void {
    // The last one first: then whatever the worker begins meanwhile comes before all that is taken
    // back, and each finds its place at the head of the line.
    const latestFirst = tasks.sort((a, b) => a.priority - b.priority || b.seq - a.seq);
    for (const task of latestFirst) {
      if (!task.isSettled && this.takeBack(task)) {
        this.queue.restore(task);
      }
    }
    this.pump();
  }

  // ---- ends

  #finished(lane: Lane<Task>, task: Task, runMs: number): void {
    // Before the caller is told, and so before its code goes on, which may take its time.
    this.#pumpSoon();
    this.#letGo(task);
    task.handler.runTime.record(runMs / task.items);
    const member = this.#fleet.member(lane);
    if (member) {
      member.aheadUs -= task.expectedUs;
      member.blocked = false;
      this.#fleet.noteFinished(member);
      this.#noteLoad(member);
    }
  }

  /** The lane has one attempt less. */
  #noteLoad(member: Member<Task>): void {
    if (member.lane.load > 0) {
      this.#ahead.noteRoom(member);
      return;
    }
    member.aheadUs = 0;
    if (member.hasPermit) {
      member.hasPermit = false;
      this.#semaphore.release();
      this.#fleet.markIdle(member);
    }
  }

  /** No lane has the task any more. */
  #letGo(task: Task): void {
    task.leaveLane();
    task.handler.semaphore?.release();
    this.#grace.stop(task);
  }

  /**
   * A worker died before it had begun the task. False if the task cannot simply wait again. It is a
   * suspect only where nothing ran that can have killed the worker.
   */
  #giveBack(task: Task, isSuspect: boolean): boolean {
    this.#letGo(task);
    if (isSuspect) {
      task.rare.returns++;
    }
    if (task.transferList || task.returns > MOST_RETURNS) {
      return false;
    }
    task.takeBack();
    this.queue.restore(task);
    return true;
  }
}
