import type { CrashDetails } from '../tasks/errors.js';

/** Puts together, from what is heard of a thread's end, how it ended. */
export class ThreadDeath {
  #ready = false;
  #expected = false;
  #thrown: { readonly error: unknown } | undefined = undefined;
  #startError: unknown = undefined;
  #exitCode: number | undefined = undefined;

  /** The thread has built its providers. */
  started(): void {
    this.#ready = true;
  }

  /** It could not: this is what it threw. */
  neverStarted(error: unknown): void {
    this.#startError = error;
  }

  /** The application ends it, which is no crash. */
  expected(): void {
    this.#expected = true;
  }

  /** Something was thrown outside of any attempt. */
  note(error: unknown): void {
    this.#thrown ??= { error };
  }

  exited(code: number): void {
    this.#exitCode = code;
  }

  report(): { readonly crash: CrashDetails | undefined; readonly startError: unknown } {
    if (this.#expected) {
      return { crash: undefined, startError: this.#startError };
    }
    const crash = this.#crash();
    return {
      crash,
      startError: this.#ready
        ? undefined
        : (this.#startError ??
          this.#thrown?.error ??
          new Error(`The worker exited with code ${this.#exitCode} before it was ready`)),
    };
  }

  #crash(): CrashDetails {
    if (!this.#thrown) {
      return { reason: 'exit', exitCode: this.#exitCode };
    }
    const { error: cause } = this.#thrown;
    const outOfMemory =
      (cause as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
    return { reason: outOfMemory ? 'out-of-memory' : 'error', exitCode: this.#exitCode, cause };
  }
}
