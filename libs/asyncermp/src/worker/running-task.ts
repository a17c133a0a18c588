import { monotonicMs } from '../protocol/monotonic-clock.js';
import { serializationError } from '../protocol/serialization-error.js';
import { autoUid } from '../protocol/uid.js';
import { findUncloneable } from '../protocol/uncloneable.js';
import { TaskCancelledError } from '../tasks/errors.js';
import type { CurrentTask } from './current-task.js';

/** What a running task needs of the lane that carries it. */
export interface TaskLink {
  isCancelled(slot: number): boolean;
  sendProgress(slot: number, value: unknown): void;
}

/** Reports that pass unhindered in one window, and its length. */
const BURST = 50;
const WINDOW_MS = 50;

/** An attempt while it runs: what `currentTask()` gives inside of it. */
export class RunningTask implements CurrentTask {
  #controller: AbortController | undefined = undefined;
  #reason: unknown = undefined;
  #ended = false;
  #windowStart = Number.NEGATIVE_INFINITY;
  #reports = 0;
  #held: { readonly value: unknown } | undefined = undefined;

  constructor(
    private readonly givenUid: string | number,
    private readonly uidPrefix: string,
    readonly handler: string,
    readonly attempt: number,
    readonly slot: number,
    private readonly link: TaskLink,
  ) {}

  get uid(): string {
    return typeof this.givenUid === 'string'
      ? this.givenUid
      : autoUid(this.uidPrefix, this.givenUid);
  }

  get cancelled(): boolean {
    return !this.#ended && this.link.isCancelled(this.slot);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.cancelled) {
        this.abort(undefined);
      }
    }
    return this.#controller.signal;
  }

  throwIfCancelled(): void {
    if (this.cancelled) {
      throw this.#error();
    }
  }

  progress(value: unknown): void {
    if (this.#ended) {
      return;
    }
    this.#check(value);
    const now = monotonicMs();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#reports = 0;
    }
    if (++this.#reports > BURST) {
      this.#held = { value };
      return;
    }
    this.#held = undefined;
    this.link.sendProgress(this.slot, value);
  }

  /** The task was cancelled, or timed out. */
  abort(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#error());
  }

  /** The attempt is over: what comes of it later no longer counts. */
  end(): void {
    const held = this.#held;
    this.#held = undefined;
    this.#ended = true;
    try {
      if (held) {
        this.link.sendProgress(this.slot, held.value);
      }
    } catch {
      // It was changed after it was reported, and can no longer be cloned. The outcome matters more.
    }
  }

  #error(): unknown {
    return this.#reason ?? new TaskCancelledError({ uid: this.uid, handler: this.handler });
  }

  /** At each report, also one that is held back: so that the handler hears of it where it made it. */
  #check(value: unknown): void {
    const culprit = findUncloneable(value, 'progress');
    if (culprit) {
      throw serializationError(culprit, { uid: this.uid, handler: this.handler });
    }
  }
}
