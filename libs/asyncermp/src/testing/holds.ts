import type { InlineCall } from '../pool/channels/inline.channel.js';
import type { Task } from '../engine/task.js';

/** A running task whose handler is called when the test releases it. */
export interface HeldTask {
  /** The task's uid. */
  readonly uid: string;
  /** The handler's name, `Class.method` by default. */
  readonly handler: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The arguments of the handler. */
  readonly args: readonly unknown[];
  /** Calls the handler. */
  release(): void;
}

interface Waiting {
  readonly count: number;
  readonly resolve: (held: readonly HeldTask[]) => void;
  readonly reject: (error: Error) => void;
}

/** The held tasks, in the order in which they started. */
export class Holds {
  readonly #held: HeldTask[] = [];
  readonly #handlers = new Set<string>();
  #holdsAll = false;
  #waiting: Waiting[] = [];

  get held(): readonly HeldTask[] {
    return [...this.#held];
  }

  /** Holds calls of this handler, or all calls, from now on. */
  hold(handler: string | undefined): void {
    if (handler === undefined) {
      this.#holdsAll = true;
    } else {
      this.#handlers.add(handler);
    }
  }

  /** Resolves when the handler may be called. Rejects with the reason if the task is cancelled before. */
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
      this.#resolveWaiting();
    });
  }

  /** Releases the tasks that were held first. Throws if fewer are held. */
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
      this.#resolveWaiting();
    });
  }

  reset(): void {
    this.releaseAll();
    for (const { count, reject } of this.#waiting.splice(0)) {
      reject(new Error(`reset() was called while untilHeld(${count}) waited`));
    }
  }

  #resolveWaiting(): void {
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
