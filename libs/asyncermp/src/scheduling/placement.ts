import type { Fleet } from '../pools/fleet.js';
import type { Member } from '../pools/member.js';
import { Semaphore } from './semaphore.js';
import { SentAhead } from './sent-ahead.js';
import type { Task } from './task.js';

/**
 * Which worker a task goes to: tiny ones to one that is done with them before another one is awake, others
 * to an idle one first, and short ones to one that is busy, a little ahead of their turn. A permit belongs to
 * a worker for as long as it has attempts, also one whose task is settled and that does not let go: so the
 * bound holds for what really runs.
 */
export class Placement {
  readonly semaphore: Semaphore;
  readonly ahead: SentAhead;

  /** @param haveWaitAgain - Has tasks that were sent ahead wait again, as far as they have not begun. */
  constructor(
    private readonly fleet: Fleet<Task>,
    maxProcesses: number,
    haveWaitAgain: (tasks: Task[]) => void,
  ) {
    this.semaphore = new Semaphore(maxProcesses);
    this.ahead = new SentAhead(() => fleet.members, haveWaitAgain);
  }

  /** The worker for the task; undefined if it has to wait. The worker has its permit then. */
  placeFor(task: Task): Member<Task> | undefined {
    const soonest = this.soonestFor(task);
    if (soonest) {
      return soonest;
    }
    const { idle } = this.fleet;
    if (idle && this.semaphore.tryAcquire()) {
      idle.hasPermit = true;
      this.fleet.markBusy(idle);
      this.ahead.expect(task);
      return idle;
    }
    if (this.semaphore.held > this.semaphore.limit) {
      // After a resize: workers run dry until there are no more of them than the bound allows.
      return undefined;
    }
    return this.ahead.placeFor(task);
  }

  /** A busy worker that will have run the task before another one is awake. */
  soonestFor(task: Task): Member<Task> | undefined {
    const { held, limit } = this.semaphore;
    return held > 0 && held <= limit ? this.ahead.soonestFor(task) : undefined;
  }

  /** The worker was sent the task. */
  noteSent(task: Task, member: Member<Task>): void {
    member.aheadUs += task.expectedUs;
    member.typicalAheadUs += task.typicalUs;
    if (member.lane.load > 1) {
      this.ahead.noteSent(task);
    }
  }

  /** The worker will not run the task, or has run it. */
  noteGone(task: Task, member: Member<Task>): void {
    member.aheadUs -= task.expectedUs;
    member.typicalAheadUs -= task.typicalUs;
  }

  /** The worker's lane has one attempt less. */
  noteRoom(member: Member<Task>): void {
    if (member.lane.load > 0) {
      this.ahead.noteRoom(member);
      return;
    }
    if (this.noteEnded(member)) {
      this.fleet.markIdle(member);
    }
  }

  /** The worker has no attempt any more. Returns whether it had a permit. */
  noteEnded(member: Member<Task>): boolean {
    const hadPermit = member.hasPermit;
    if (hadPermit) {
      member.hasPermit = false;
      this.semaphore.release();
    }
    return hadPermit;
  }
}
