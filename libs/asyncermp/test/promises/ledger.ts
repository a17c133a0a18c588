import type { SettledState } from '../../src/contract/task-handle.js';

/** What a naive observer knows of a task. */
export interface Known {
  readonly uid: string;
  readonly isBounded: boolean;
  readonly attempts: number;
  readonly crashAttempts: number;
  readonly seq: number;
  failures: number;
  crashes: number;
  priority: number;
  /** Whether its arguments turn out to be uncloneable when they are sent. */
  readonly isUnsendable: boolean;
  /** What cancels it. */
  readonly signal: AbortSignal | undefined;
  /** Whether it was broadcast that it is queued: before that, it waits for room in the queue. */
  isAccepted: boolean;
  /** How many of its attempts were broadcast to have begun. */
  started: number;
  /** The only outcome that is still possible, once there is only one. */
  expected: SettledState | undefined;
  /** Its outcomes, as they were broadcast. */
  readonly settled: SettledState[];
}

/** Which tasks there are, what must come of them, and what came of them. */
export class Ledger {
  readonly all: Known[] = [];

  find(uid: string): Known {
    const task = this.all.find((other) => other.uid === uid);
    if (!task) {
      throw new Error(`${uid} is nobody's`);
    }
    return task;
  }

  expect(task: Known, outcome: SettledState): void {
    task.expected ??= outcome;
  }

  /** Whatever was expected of it, it was cancelled first. */
  noteCancel(task: Known): void {
    task.expected = 'cancelled';
  }

  /** How many of the tasks are so. */
  count(is: (task: Known) => boolean): number {
    return this.all.filter((task) => is(task)).length;
  }

  /** An attempt has ended by itself. */
  noteEnd(task: Known, isOk: boolean): void {
    if (task.expected === 'cancelled') {
      return;
    }
    task.failures += isOk ? 0 : 1;
    if (isOk || task.failures >= task.attempts) {
      this.expect(task, isOk ? 'completed' : 'failed');
    }
  }

  /** An attempt has ended with its worker. */
  noteCrash(task: Known): void {
    if (task.expected !== 'cancelled' && ++task.crashes >= task.crashAttempts) {
      this.expect(task, 'failed');
    }
  }

  /** None settled twice, or otherwise than it must. */
  check(): void {
    for (const task of this.all) {
      this.#judge(task, task.settled.length <= 1);
    }
  }

  /** All settled once. */
  checkAllSettled(): void {
    for (const task of this.all) {
      // One that never was accepted has no events.
      const isRefused = !task.isAccepted && task.expected === 'cancelled';
      this.#judge(task, task.settled.length === (isRefused ? 0 : 1));
    }
  }

  #judge({ uid, settled, expected }: Known, isRightCount: boolean): void {
    const [outcome] = settled;
    if (!isRightCount || (outcome && outcome !== expected)) {
      throw new Error(`${uid} settled as [${settled.join(', ')}], and not as ${expected}`);
    }
  }
}
