import { decodeError, encodeError } from '../protocol/error-codec.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { takeTransferList } from '../protocol/transfer.js';
import { TaskSerializationError, type CrashDetails } from '../contract/errors.js';
import { inMode } from '../worker/attempt-runner.js';
import { callForTask, RunningTask, type TaskLink } from '../worker/current-task.js';
import type { InlineFault, InlineGate, InlineHandler } from './inline.gate.js';
import type { Attempt } from './channels/channel.js';
import type { Lane, LaneListener } from './lane.js';
import { failedToClone } from '../protocol/uncloneable.js';

interface Held<A> {
  readonly attempt: A;
  readonly args: readonly unknown[];
  readonly reportStart: boolean;
  startedAt: number | undefined;
  isCancelled: boolean;
  running: RunningTask | undefined;
  /** What the gate ended the attempt with. */
  fault: InlineFault | undefined;
}

/**
 * A lane without a worker: it runs attempts on the application's own providers. What would be cloned on
 * the way to a thread and back is cloned here, too. A handler that does not stop cannot be ended: it is
 * left to itself, and what comes of it is dropped.
 */
export class InlineLane<A extends Attempt> implements Lane<A>, TaskLink {
  readonly takesOneAtATime = true;
  readonly #held: Held<A>[] = [];
  readonly #outbox: [attempt: A, reportStart: boolean][] = [];
  #working = false;
  #ended = false;

  constructor(
    readonly id: number,
    private readonly handlers: readonly InlineHandler[],
    private readonly listener: LaneListener<A>,
    private readonly gate: InlineGate<A> | undefined,
  ) {
    queueMicrotask(() => {
      if (!this.#ended) {
        listener.onReady(this);
      }
    });
  }

  get load(): number {
    return this.#held.length + this.#outbox.length;
  }

  send(attempt: A, reportStart: boolean): void {
    this.#outbox.push([attempt, reportStart]);
  }

  flush(): void {
    for (const [attempt, reportStart] of this.#outbox.splice(0)) {
      this.#take(attempt, reportStart);
    }
  }

  #take(attempt: A, reportStart: boolean): void {
    let args: readonly unknown[];
    try {
      args = cloneForTask(attempt.args, 'args', attempt.transferList, attempt);
    } catch (error) {
      this.listener.onUnsendable(this, attempt, error as TaskSerializationError);
      return;
    }
    this.#held.push({
      attempt,
      args,
      reportStart,
      startedAt: undefined,
      isCancelled: false,
      running: undefined,
      fault: undefined,
    });
    if (!this.#working) {
      this.#working = true;
      // In a microtask rather than a timer: the user's test may have replaced those.
      queueMicrotask(() => void this.#work());
    }
  }

  held(): A[] {
    return this.#held.map(({ attempt }) => attempt);
  }

  isStarted(attempt: A): boolean {
    return this.startedAt(attempt) !== undefined;
  }

  startedAt(attempt: A): number | undefined {
    return this.#find(attempt)?.startedAt;
  }

  revoke(attempt: A): boolean {
    const held = this.#find(attempt);
    if (!held || held.startedAt !== undefined) {
      return false;
    }
    this.#drop(held);
    queueMicrotask(() => this.listener.onSkipped(this));
    return true;
  }

  cancel(attempt: A, reason: unknown): void {
    const held = this.#find(attempt);
    if (held) {
      held.isCancelled = true;
      held.running?.abort(decodeError(encodeError(reason)));
    }
  }

  kill(): void {
    this.#end();
  }

  giveUp(): void {
    this.#end();
  }

  release(): void {
    this.#end();
  }

  isCancelled(slot: number): boolean {
    return this.#held.some((held) => held.running?.slot === slot && held.isCancelled);
  }

  sendProgress(slot: number, value: unknown): void {
    const held = this.#held.find(({ running }) => running?.slot === slot);
    if (held) {
      this.listener.onProgress(this, held.attempt, structuredClone(value));
    }
  }

  async #work(): Promise<void> {
    for (let [next] = this.#held; next && !this.#ended; [next] = this.#held) {
      await this.#run(next);
    }
    this.#working = false;
  }

  async #run(held: Held<A>): Promise<void> {
    const { attempt, args, reportStart } = held;
    const { uid, handlerName, handlerIndex } = attempt;
    const startedAt = monotonicMs();
    const task = new RunningTask(uid, '', handlerName, attempt.attempt, attempt.attempt, this);
    held.startedAt = startedAt;
    held.running = task;
    if (reportStart) {
      this.listener.onStarted(this, attempt);
    }
    let report: () => void;
    try {
      const handler = this.handlers[handlerIndex];
      if (!handler) {
        throw new Error(`There is no handler number ${handlerIndex}`);
      }
      const run = inMode(this.#gated(handler.run, held, task), attempt.mode, task);
      const result = await callForTask(task, run, handler.instance(), args);
      if (held.fault) {
        // Of several items each may fail alone; this was the end of them all.
        throw held.fault.error;
      }
      task.end();
      const copy = cloneForTask(result, 'result', takeTransferList([result]), attempt);
      const runMs = monotonicMs() - startedAt;
      report = () => this.listener.onCompleted(this, attempt, copy, startedAt, runMs);
    } catch (thrown) {
      task.end();
      const error = encodeError(thrown);
      const runMs = monotonicMs() - startedAt;
      report = () => this.listener.onFailed(this, attempt, error, startedAt, runMs);
    }
    if (!this.#ended) {
      this.#drop(held);
      report();
    }
  }

  /** The handler behind the gate, if there is one. */
  #gated(run: InlineHandler['run'], held: Held<A>, task: RunningTask): InlineHandler['run'] {
    const { gate } = this;
    if (!gate) {
      return run;
    }
    const meet = (fault: InlineFault | undefined) => {
      if (fault && fault.kind !== 'throw') {
        held.fault = fault;
      }
      if (fault?.kind === 'crash') {
        this.#end(fault.crash);
      }
      if (fault) {
        throw fault.error;
      }
    };
    return async function (this: unknown, ...args: unknown[]) {
      meet(held.fault);
      meet(await gate.pass({ attempt: held.attempt, args, signal: task.signal }));
      return run.apply(this, args);
    };
  }

  #find(attempt: A): Held<A> | undefined {
    return this.#held.find((held) => held.attempt === attempt);
  }

  #drop(held: Held<A>): void {
    this.#held.splice(this.#held.indexOf(held), 1);
  }

  #end(crash?: CrashDetails): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    queueMicrotask(() => {
      this.listener.onEnding(this);
      const running = this.#held.find(({ startedAt }) => startedAt !== undefined);
      const waiting = this.#held.filter((held) => held !== running);
      this.#held.length = 0;
      this.listener.onEnded(this, {
        running: running?.attempt,
        runningSince: running?.startedAt,
        waiting: waiting.map(({ attempt }) => attempt),
        crash,
        startError: undefined,
        gone: Promise.resolve(),
      });
    });
  }
}

/**
 * A copy, as it would arrive on the other side of a thread.
 * @throws TaskSerializationError where it would not
 */
export function cloneForTask<T>(
  value: T,
  path: string,
  transfer: readonly unknown[] | undefined,
  { uid, handlerName }: Attempt,
): T {
  try {
    return structuredClone(value, { transfer: (transfer ?? []) as ArrayBuffer[] });
  } catch (error) {
    throw failedToClone(value, path, transfer, error, { uid, handler: handlerName });
  }
}
