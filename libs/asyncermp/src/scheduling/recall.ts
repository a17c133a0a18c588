import type { Fleet } from '../pools/fleet.js';
import { GraceTimers } from './grace-timers.js';
import type { Placement } from './placement.js';
import type { ReadyQueue } from './ready-queue.js';
import type { Task } from './task.js';

/** Workers that may die with a task before it began, until it is suspected to be what kills them. */
const MOST_RETURNS = 3;

/** Gets tasks back from workers that have not begun them, and has workers stop those that they have. */
export class Recall {
  readonly #grace: GraceTimers;

  constructor(
    private readonly fleet: Fleet<Task>,
    private readonly placement: Placement,
    private readonly queue: ReadyQueue,
    cancelGraceMs: number,
  ) {
    this.#grace = new GraceTimers(cancelGraceMs, (member) => fleet.kill(member));
  }

  /** Takes a task back that was sent and has not begun; false if it has. It waits nowhere then. */
  takeBack(task: Task): boolean {
    const { lane } = task;
    if (!lane?.revoke(task)) {
      return false;
    }
    const member = this.fleet.member(lane);
    if (member) {
      this.placement.noteGone(task, member);
    }
    task.handler.semaphore?.release();
    task.takeBack();
    return true;
  }

  /** Has tasks wait again, as far as they have not begun. */
  haveWaitAgain(tasks: Task[]): void {
    // The last one first: then whatever the worker begins meanwhile comes before all that is taken
    // back, and each finds its place at the head of the line.
    const latestFirst = tasks.sort((a, b) => a.priority - b.priority || b.seq - a.seq);
    for (const task of latestFirst) {
      if (!task.isSettled && this.takeBack(task)) {
        this.queue.restore(task);
      }
    }
  }

  /** Tells a running attempt to stop, and ends its worker if it does not in time. */
  stop(task: Task, reason: unknown): void {
    const { lane } = task;
    const member = lane && this.fleet.member(lane);
    if (member) {
      lane.cancel(task, reason);
      this.#grace.start(task, member);
      // What waits behind it must not begin in the moment before the worker is ended.
      member.blocked = true;
      this.placement.ahead.recall((_task, other) => other === member);
    }
  }

  /** No lane has the task any more. */
  letGo(task: Task): void {
    task.leaveLane();
    task.handler.semaphore?.release();
    this.#grace.stop(task);
  }

  /**
   * A worker died before it had begun the task, which waits again. False if it cannot simply do that.
   *
   * @param isSuspect - Whether nothing ran that can have killed the worker.
   */
  giveBack(task: Task, isSuspect: boolean): boolean {
    this.letGo(task);
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
