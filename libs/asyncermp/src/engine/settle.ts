import type { TaskState } from '../contract/task-handle.js';
import { setImmediate } from '../protocol/real-timers.js';

/** What resolves a promise. */
export type Resolve = (value: unknown) => void;

/** A task that is settled. */
export interface Outcome {
  readonly state: TaskState;
  /** Its result, or its error. */
  readonly value: unknown;
  /** Its promise, if a rejection that is not awaited is no unhandled one: failures are logged and broadcast. */
  readonly watched: Promise<unknown> | undefined;
}

/** Settles the promise of a task as the task. */
export function settlePromise(resolve: Resolve, outcome: Outcome): void {
  switch (outcome.state) {
    case 'completed':
      resolve(outcome.value);
      break;
    case 'cancelled':
      // Without the frames of the caller: the caller has cancelled the task itself, and maybe many at once.
      resolve(new Rejection(outcome));
      break;
    default:
      rejectWithCaller(resolve, () => {
        const { value } = outcome;
        if (value instanceof Error) {
          joinCallerFrames(value);
        }
        // Only now: V8 does not follow a promise with more than one reaction to its caller.
        markHandled(outcome);
        return value;
      });
  }
}

/**
 * A thenable that rejects the promise that is resolved with it. Lighter than a rejected promise, which Node
 * would first note as unhandled, and than to keep the `reject` of every task.
 */
class Rejection {
  readonly #outcome: Outcome;

  constructor(outcome: Outcome) {
    this.#outcome = outcome;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that is what makes it reject
  then(_resolve: Resolve, reject: (error: unknown) => void): void {
    markHandled(this.#outcome);
    reject(this.#outcome.value);
  }
}

function markHandled({ watched }: Outcome): void {
  watched?.catch(ignore);
}

function ignore(): void {}

/**
 * Does one kind of work for many items, in their order: up to a number of them at once, and the others in
 * the next turns of the event loop, as many in each.
 */
export class YieldingQueue<T> {
  readonly #most: number;
  readonly #work: (item: T) => void;
  #waiting: T[] = [];
  /** The first of them that is still to be done. */
  #next = 0;
  #doneInTurn = 0;
  #isDue = false;
  #whenDone: (() => void)[] = [];

  /**
   * @param most - How many items are done in one turn.
   * @param work - Is called with each item. Must not throw.
   */
  constructor(most: number, work: (item: T) => void) {
    this.#most = most;
    this.#work = work;
  }

  add(item: T): void {
    if (this.#doneInTurn < this.#most) {
      this.#doneInTurn++;
      this.#work(item);
    } else {
      this.#waiting.push(item);
    }
    this.#comeBack();
  }

  /** Settles when nothing waits any more. */
  done(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) {
        resolve();
      } else {
        this.#whenDone.push(resolve);
      }
    });
  }

  #comeBack(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(this.#turn);
    }
  }

  readonly #turn = (): void => {
    this.#isDue = false;
    const portion = this.#waiting.slice(this.#next, this.#next + this.#most);
    this.#next += portion.length;
    this.#doneInTurn = portion.length;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    for (const item of portion) {
      this.#work(item);
    }
    if (portion.length > 0) {
      this.#comeBack();
    }
    if (this.#waiting.length === 0) {
      for (const resolve of this.#whenDone.splice(0)) {
        resolve();
      }
    }
  };
}

/**
 * How many failures and cancels are delivered in one turn of the event loop, to listeners and to the promises of
 * callers: some milliseconds of work. A hundred thousand at once, of tasks that are cancelled or expire together,
 * would hold it for a fifth of a second, and with a listener for twice that.
 */
export const MOST_IN_A_TURN = 1_000;

/**
 * Rejects a deferred promise in such a way that, while `make` runs, V8 knows the async functions that
 * wait for it: an error that is made (or joined with `joinCallerFrames()`) there has the caller's frames in
 * its stack.
 *
 * V8 follows a promise to the code that awaits it only within a reaction of it. So the deferred is resolved
 * with another promise that rejects by throwing, and that two microtasks later: one tick after the
 * deferred has attached itself. It also follows only promises with a single reaction: a second one (to note
 * that a rejection was handled, say) cuts the trace for all.
 *
 * @param resolve - The deferred's own `resolve`. It must not have been called before, since the rejection
 * would then be unhandled.
 * @param make - Makes what to reject with.
 */
export function rejectWithCaller(
  resolve: (outcome: Promise<never>) => void,
  make: () => unknown,
): void {
  resolve(
    Promise.resolve()
      .then(() => {})
      .then(() => {
        throw make();
      }),
  );
}

/** How many frames of this library and of Node may stand between the caller and the limit. */
const OWN_FRAMES = 16;

const FRAME = /^\s+at /;
const THIS_FILE = /[\\/]engine[\\/]settle\.[jt]s:/;
const NODE_INTERNAL = /^\s+at (?:.*\()?node:/;
const INSTALLED = /[\\/]node_modules[\\/]nestjs-asyncermp[\\/]/;

/**
 * Joins the frames of the code that awaits the promise below the stack of the error, as far as V8 knows them
 * here: to be called in a reaction of the awaited promise (see `rejectWithCaller`). Frames of this library
 * and of Node's internals are left out of both. The text is made when the stack is read, since that costs
 * more than all the rest of a failure.
 */
export function joinCallerFrames(error: Error): void {
  const stack = error.stack ?? '';
  const caller = captureFrames();
  let joined: string | undefined;
  Object.defineProperty(error, 'stack', {
    get: () => (joined ??= join(stack, caller)),
    set: (value: string) => {
      joined = value;
    },
    configurable: true,
    enumerable: false,
  });
}

function captureFrames(): { readonly stack?: unknown } {
  const { stackTraceLimit } = Error;
  const captured: { readonly stack?: unknown } = {};
  // Not by assignment, which throws if Error is frozen.
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit > 0 ? stackTraceLimit + OWN_FRAMES : 0);
  Error.captureStackTrace(captured);
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return captured;
}

function join(stack: string, { stack: captured }: { readonly stack?: unknown }): string {
  // Not a string if an Error.prepareStackTrace of the application makes it something else.
  const here =
    typeof captured === 'string' ? captured.split('\n').filter((l) => FRAME.test(l)) : [];
  const own = ownDirectory(here[0] ?? '');
  const isForeign = (line: string): boolean =>
    !NODE_INTERNAL.test(line) &&
    !INSTALLED.test(line) &&
    (own === undefined || !FRAME.test(line) || !line.includes(own));
  const caller = here.slice(1).filter(isForeign).slice(0, Error.stackTraceLimit);
  return [...stack.split('\n').filter(isForeign), ...caller].join('\n');
}

/**
 * Where this library lies, as its own frame writes it: `dist`, or `src` with source maps, or nowhere in
 * a bundle. import.meta.url would name the file, not what source maps make of it.
 */
function ownDirectory(ownFrame: string): string | undefined {
  const end = ownFrame.search(THIS_FILE);
  return end < 0 ? undefined : ownFrame.slice(ownFrame.indexOf('(') + 1, end + 1);
}
