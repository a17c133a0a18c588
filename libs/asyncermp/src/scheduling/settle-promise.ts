import { joinCallerFrames } from '../protocol/caller-frames.js';
import { rejectWithCaller } from '../protocol/reject-with-caller.js';
import type { TaskState } from '../tasks/task-state.js';

/** What resolves a promise. */
export type Resolve = (value: unknown) => void;

/** A task that is settled. */
export interface Outcome {
  readonly state: TaskState;
  /** Its result, or its error. */
  readonly value: unknown;
  /** Its promise, where a rejection that nobody awaits is none: failures are logged and broadcast. */
  readonly watched: Promise<unknown> | undefined;
}

/** Settles the promise of a task as the task. */
export function settlePromise(resolve: Resolve, outcome: Outcome): void {
  switch (outcome.state) {
    case 'completed':
      resolve(outcome.value);
      break;
    case 'cancelled':
      // The frames of the caller would be no news: tasks are cancelled by whom they belong to, and that
      // may be very many at once.
      resolve(new Rejection(outcome));
      break;
    default:
      rejectWithCaller(resolve, () => {
        const { value } = outcome;
        if (value instanceof Error) {
          joinCallerFrames(value);
        }
        // Only now: V8 does not follow a promise that has more than one reaction to its caller.
        excuse(outcome);
        return value;
      });
  }
}

/**
 * A promise that is resolved with it is rejected. Lighter than a rejected promise, which Node would first
 * take down as unhandled, and than keeping the `reject` of every task.
 */
class Rejection {
  readonly #outcome: Outcome;

  constructor(outcome: Outcome) {
    this.#outcome = outcome;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that is what makes it reject
  then(_resolve: Resolve, reject: (error: unknown) => void): void {
    excuse(this.#outcome);
    reject(this.#outcome.value);
  }
}

function excuse({ watched }: Outcome): void {
  watched?.catch(ignore);
}

function ignore(): void {}
