import { EventEmitter2 } from '@nestjs/event-emitter';
import {
  TaskCancelledError,
  TaskEvent,
  type AsyncerMpService,
  type PoolStats,
  type TaskHandle,
} from 'nestjs-asyncermp';
import { StormCells } from '../.fixtures/storm.cells.js';
import type { TestApplication } from '../support/application.js';
import { until } from '../support/outcomes.js';
import type { Random } from '../support/random.js';
import { EventLog } from './event-log.js';
import { judge } from './judge.js';
import type { Plan } from './kinds.js';
import type { Outcome } from './outcome.js';
import { makePlan, submitPlan } from './plan.js';
import { Streams } from './streams.js';
import type { ThreadDeaths } from '../support/thread-deaths.js';

export interface StormOptions {
  readonly tasks: number;
  /** One task of this number costs a worker. */
  readonly rareEvery: number;
  /** The most submissions in flight. */
  readonly inFlight: number;
  /** `maxProcesses` at the beginning and at the end of the storm. */
  readonly maxProcesses: number;
}

export interface StormReport {
  /** The broken promises; empty if there are none. */
  readonly wrong: readonly string[];
  readonly accepted: number;
  readonly refused: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly peak: number;
}

/** Of so many calls of code of the user, one aborts a signal, and one submits the next task. */
const CALLS_TO_ABORT = 97;
const CALLS_TO_SUBMIT = 13;
/** After this number of tasks, another loop over `map()` begins, if there are few enough. */
const TASKS_TO_STREAM = 25;
/** Items of `map()` for one task. */
const ITEMS_PER_TASK = 0.5;
/** One task of so many has an argument with a getter, which is code of the user as well. */
const TASKS_TO_GETTER = 7;

/**
 * Runs random tasks of every kind, and `map()` over random sources, on a pool while it is paused, resumed and resized.
 * Code of the user (listeners, `retryOn`, getters of arguments, sources) aborts and submits in the middle of all that.
 * The books are checked after every step.
 */
export class Storm {
  readonly #cells: StormCells;
  readonly #wrong: string[] = [];
  readonly #outcomes: Record<string, number> = {};
  readonly #mp: AsyncerMpService;
  readonly #log: EventLog;
  readonly #signals: AbortController[] = [];
  readonly #onDeath = (threadId: number): void => this.#cells.endOf(threadId);
  readonly #streams: Streams;
  #before: PoolStats | undefined = undefined;
  #bound: number;
  #next = 0;
  #calls = 0;
  #accepted = 0;
  #refused = 0;
  #open = 0;
  #settledOnce = 0;
  #wake: () => void = () => {};
  readonly #deaths: ThreadDeaths;
  readonly #random: Random;
  readonly #emitter: EventEmitter2;
  /** What listeners, `retryOn` and getters do now and then. */
  readonly #userCode = (): void => {
    this.#calls++;
    if (this.#calls % CALLS_TO_ABORT === 0) {
      this.#signals[this.#calls % Math.min(3, this.#signals.length)]?.abort('signal');
    } else if (this.#calls % CALLS_TO_SUBMIT === 0 && this.#next < this.#options.tasks) {
      this.#launch();
    }
  };
  readonly #options: StormOptions;

  constructor(
    application: TestApplication,
    deaths: ThreadDeaths,
    random: Random,
    options: StormOptions,
  ) {
    this.#deaths = deaths;
    this.#random = random;
    this.#options = options;
    const end = options.tasks + Math.round(options.tasks * ITEMS_PER_TASK);
    this.#cells = StormCells.for(end);
    this.#cells.bound = options.maxProcesses;
    this.#bound = options.maxProcesses;
    this.#mp = application.mp;
    this.#emitter = application.get(EventEmitter2);
    this.#log = new EventLog(this.#emitter);
    const items = { from: options.tasks, to: end };
    this.#streams = new Streams(this.#mp, this.#cells, random, this.#userCode, items);
  }

  async run(): Promise<StormReport> {
    const before = this.#mp.stats();
    this.#before = before;
    const subscription = this.#mp.completed$.subscribe(() => this.#settledOnce++);
    this.#deaths.add(this.#onDeath);
    for (const name of Object.values(TaskEvent)) {
      this.#emitter.on(name, this.#userCode);
    }
    while (this.#next < this.#options.tasks) {
      this.#stir();
      this.#launch();
      this.#checkBooks();
      while (this.#open >= this.#options.inFlight) {
        await this.#progress();
      }
      if (this.#random.below(8) === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    void this.#mp.resume();
    this.#resize(this.#options.maxProcesses);
    while (this.#open > 0) {
      await this.#progress();
    }
    await this.#streams.ended();
    await this.#mp.drain();
    await this.#calm();
    for (const name of Object.values(TaskEvent)) {
      this.#emitter.off(name, this.#userCode);
    }
    this.#deaths.delete(this.#onDeath);
    subscription.unsubscribe();
    this.#log.close();
    const wrong = judge({
      before,
      after: this.#mp.stats(),
      accepted: this.#accepted + this.#log.queuedOf('StormService.mapped'),
      settledOnce: this.#settledOnce,
      log: this.#log,
      cells: this.#cells,
      signals: this.#signals.map(({ signal }) => signal),
      maxProcesses: this.#options.maxProcesses,
    });
    this.#streams.check();
    return {
      wrong: [...this.#wrong, ...this.#streams.wrong, ...wrong],
      accepted: this.#accepted,
      refused: this.#refused,
      outcomes: { ...this.#outcomes, ...this.#streams.outcomes },
      peak: this.#cells.peak,
    };
  }

  /** Now and then pauses, resumes or resizes the pool, or aborts a signal. */
  #stir(): void {
    this.#settleBound();
    switch (this.#random.below(120)) {
      case 0:
        void this.#mp.pause();
        setTimeout(() => void this.#mp.resume(), this.#random.below(15));
        break;
      case 1:
        this.#resize(1 + this.#random.below(this.#options.maxProcesses + 1));
        break;
      case 2:
      case 3:
        this.#signals[this.#random.below(Math.min(3, this.#signals.length))]?.abort('signal');
        break;
      default:
        break;
    }
  }

  #resize(bound: number): void {
    // Attempts that began under a higher bound may finish under a lower one.
    this.#cells.bound = Math.max(bound, this.#mp.stats().running, this.#bound);
    this.#bound = bound;
    this.#mp.resize(bound);
  }

  #settleBound(): void {
    if (this.#mp.stats().running <= this.#bound) {
      this.#cells.bound = this.#bound;
    }
  }

  #launch(): void {
    const index = this.#next++;
    if (index % 50 === 0) {
      this.#signals.unshift(new AbortController());
    }
    const { shared } = this.#cells;
    const recent = this.#signals.slice(0, 3).filter(({ signal }) => !signal.aborted);
    const signals = recent.map(({ signal }) => signal);
    if (index % TASKS_TO_STREAM === 0) {
      this.#streams.launch(signals);
    }
    const plan = this.#withUserCode(
      makePlan(index, this.#random, shared, signals, this.#options.rareEvery),
    );
    const first = this.#submit(plan);
    void this.#see(plan, first);
    if (plan.twin) {
      void this.#seeTwin(plan, first, this.#submit(plan, plan.twin));
    }
  }

  #withUserCode(plan: Plan): Plan {
    const { index, args, options } = plan;
    const userCode = this.#userCode;
    const retryOn = (): boolean => {
      userCode();
      return true;
    };
    const argument = {
      get read(): number {
        userCode();
        return 1;
      },
    };
    return {
      ...plan,
      args: index % TASKS_TO_GETTER === 0 ? [...args, argument] : args,
      options: { ...options, ...(options.attempts && { retryOn }) },
    };
  }

  async #submit(plan: Plan, more = {}): Promise<Outcome> {
    this.#open++;
    let task: TaskHandle;
    try {
      task = await submitPlan(this.#mp, plan, more);
    } catch (error) {
      this.#closed();
      return { state: 'refused', error };
    }
    const { cancelAfter, reprioritise } = plan;
    if (cancelAfter !== undefined) {
      setTimeout(() => task.cancel('storm'), cancelAfter);
    }
    if (reprioritise !== undefined) {
      task.reprioritise(reprioritise);
    }
    const outcome = await task.result.then(
      (value): Outcome => ({ state: 'completed', value }),
      (error: unknown): Outcome => ({
        state: error instanceof TaskCancelledError ? 'cancelled' : 'failed',
        error,
      }),
    );
    if (task.state !== outcome.state) {
      this.#wrong.push(`${plan.kind} ${plan.index} is ${task.state}, its result ${outcome.state}`);
    }
    this.#closed();
    return outcome;
  }

  async #see(plan: Plan, submitted: Promise<Outcome>): Promise<void> {
    const outcome = await submitted;
    this.#count(plan.kind, outcome);
    // An attempt that was cancelled may not have stopped yet: running ones are counted at the end.
    const problem = isCancelledInLine(plan, outcome)
      ? undefined
      : plan.permitted(outcome, this.#cells.begunOf(plan.index));
    if (problem) {
      const got = outcome.state === 'completed' ? outcome.value : outcome.error;
      this.#wrong.push(
        `${plan.kind} ${plan.index} ${problem}, and ${outcome.state}: ${String(got)}`,
      );
    }
  }

  /** Checks that the second submission of a uid is refused, or joined with the same outcome. */
  async #seeTwin(plan: Plan, first: Promise<Outcome>, second: Promise<Outcome>): Promise<void> {
    const [one, two] = await Promise.all([first, second]);
    const isRight =
      plan.twin?.onDuplicate === 'join'
        ? JSON.stringify(one) === JSON.stringify(two)
        : two.state === 'refused' &&
          (String(two.error).includes('queued or running already') ||
            // Code of the user has aborted the signal of both before the first was accepted.
            (one.state === 'refused' && isCancelledInLine(plan, two)));
    if (!isRight) {
      this.#wrong.push(`the twin of ${plan.index} came to ${two.state}, the first to ${one.state}`);
    }
    if (two.state === 'refused') {
      this.#refused++;
    }
  }

  #count(kind: string, { state }: Outcome): void {
    const name = `${kind} ${state}`;
    this.#outcomes[name] = (this.#outcomes[name] ?? 0) + 1;
    if (state === 'refused') {
      this.#refused++;
    } else {
      this.#accepted++;
    }
  }

  #closed(): void {
    this.#open--;
    this.#wake();
  }

  /** What must hold at every moment. Workers hold tasks that neither wait nor run: the model knows these, too. */
  #checkBooks(): void {
    const { accepted, completed, failed, cancelled, waiting, running, retrying, admitting } =
      this.#mp.stats();
    const inFlight = accepted - completed - failed - cancelled;
    const settled = this.#log.settled + (this.#before ? settledOf(this.#before) : 0);
    const rules: [what: string, holds: boolean][] = [
      ['no count is negative', Math.min(waiting, running, retrying, admitting, inFlight) >= 0],
      ['what waits is in flight', waiting + retrying <= inFlight],
      ['no more permits than the bound', running <= Math.max(this.#cells.bound, this.#bound)],
      ['no outcome is broadcast that is not counted', settled <= completed + failed + cancelled],
    ];
    for (const [what, holds] of rules) {
      if (!holds && this.#wrong.length < 20) {
        this.#wrong.push(`not so: ${what}: ${JSON.stringify(this.#mp.stats())}`);
      }
    }
  }

  #progress(): Promise<void> {
    this.#settleBound();
    this.#checkBooks();
    return new Promise((resolve) => (this.#wake = resolve));
  }

  /** Resolves when every cancelled attempt has stopped, and every terminated thread is gone. */
  async #calm(): Promise<void> {
    await until('all workers are idle and no other thread is left', () => {
      const { workers, running } = this.#mp.stats();
      const isCalm = running === 0 && workers.busy === 0 && workers.starting === 0;
      return isCalm && this.#deaths.alive === workers.idle;
    });
  }
}

function settledOf({ completed, failed, cancelled }: PoolStats): number {
  return completed + failed + cancelled;
}

/** Whether the signal of a submission was aborted while that waited for room in the queue, or at its call. */
function isCancelledInLine({ options }: Plan, outcome: Outcome): boolean {
  return (
    outcome.state === 'refused' &&
    options.signal?.aborted === true &&
    outcome.error instanceof TaskCancelledError
  );
}
