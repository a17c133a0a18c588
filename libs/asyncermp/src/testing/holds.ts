import type { InlineCall } from '../pool/channels/inline.channel.js';
import type { Task } from '../engine/task.js';

/** A task that runs, and whose handler is not called before the test lets it go. */
export interface HeldTask {
  /** The task's uid. */
  readonly uid: string;
  /** The handler's name, `Class.method` by default. */
  readonly handler: string;
  /** Which attempt of its task it is, from 1. */
  readonly attempt: number;
  /** What the handler is going to be called with. */
  readonly args: readonly unknown[];
  /** Has the handler called. */
  release(): void;
}

interface Waiting {
  readonly count: number;
  readonly resolve: (held: readonly HeldTask[]) => void;
  readonly reject: (error: Error) => void;
}

/** The tasks on hold, in the order in which they began. */
export class Holds {
  readonly #held: HeldTask[] = [];
  readonly #handlers = new Set<string>();
  #holdsAll = false;
  #waiting: Waiting[] = [];

  get held(): readonly HeldTask[] {
    return [...this.#held];
  }

  /** From now on, calls of this handler are held, or of all. */
  hold(handler: string | undefined): void {
    if (handler === undefined) {
      this.#holdsAll = true;
    } else {
      this.#handlers.add(handler);
    }
  }

  /** Resolves when the handler may be called. Rejects with the reason if its task is cancelled before. */
  pass({ attempt: task, args, signal }: InlineCall<Task>): Promise<void> {
    const { uid, handlerName: handler, attempt } = task;
    if (!this.#holdsAll && !this.#handlers.has(handler)) {
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const held: HeldTask = {
        uid,
        handler,
        attempt,
        args,
        release: () => {
          this.#drop(held);
          resolve();
        },
      };
      const onAbort = () => {
        this.#drop(held);
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#held.push(held);
      this.#tellWaiting();
    });
  }

  /** Lets the first ones go, if there are as many. */
  release(count: number): void {
    if (count > this.#held.length) {
      const names = this.#held.map(({ uid, handler }) => `${handler} (${uid})`).join(', ');
      throw new Error(
        `release(${count}) was called when ${this.#held.length} tasks were held${names && `: ${names}`}. ` +
          'Wait for them with untilHeld().',
      );
    }
    for (const held of this.#held.slice(0, count)) {
      held.release();
    }
  }

  releaseAll(): void {
    this.#holdsAll = false;
    this.#handlers.clear();
    this.release(this.#held.length);
  }

  untilHeld(count: number): Promise<readonly HeldTask[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ count, resolve, reject });
      this.#tellWaiting();
    });
  }

  reset(): void {
    this.releaseAll();
    for (const { count, reject } of this.#waiting.splice(0)) {
      reject(new Error(`reset() was called while untilHeld(${count}) waited`));
    }
  }

  #tellWaiting(): void {
    const enough = this.#waiting.filter(({ count }) => count <= this.#held.length);
    this.#waiting = this.#waiting.filter((waiting) => !enough.includes(waiting));
    for (const { resolve } of enough) {
      resolve(this.held);
    }
  }

  #drop(held: HeldTask): void {
    const index = this.#held.indexOf(held);
    if (index !== -1) {
      this.#held.splice(index, 1);
    }
  }
}
