import { joinCallerFrames } from '../protocol/caller-frames.js';
import { rejectWithCaller } from '../protocol/reject-with-caller.js';
import type { SettledState } from '../tasks/task-state.js';

/** The promise of a task's outcome, made when somebody first asks for it. */
export class OutcomePromise {
  readonly promise: Promise<unknown>;
  #resolve: (value: unknown) => void = () => {};
  #isWatched = false;

  constructor() {
    // As Promise.withResolvers, which Node 20 has not got.
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** From now on, a rejection that nobody awaits is none: failures are logged and broadcast. */
  watch(): void {
    this.#isWatched = true;
  }

  settle(state: SettledState, value: unknown): void {
    if (state === 'completed') {
      this.#resolve(value);
      return;
    }
    rejectWithCaller(this.#resolve, () => {
      // Not where tasks are cancelled: that may be very many at once, by whom they belong to.
      if (state === 'failed' && value instanceof Error) {
        joinCallerFrames(value);
      }
      if (this.#isWatched) {
        // Only now: V8 does not follow a promise that has more than one reaction to its caller.
        this.promise.catch(() => {});
      }
      return value;
    });
  }
}
