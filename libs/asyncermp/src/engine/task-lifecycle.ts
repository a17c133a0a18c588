import {
  DuplicateTaskError,
  QueueFullError,
  ShutdownError,
  TaskCancelledError,
  type CrashDetails,
  type TaskSerializationError,
} from '../contract/errors.js';
import type { PoolStats } from '../contract/pool-stats.js';
import type { SettledState } from '../contract/task-handle.js';
import type { WaitForApplication } from '../pool/channels/channel.js';
import type { Lane, LaneEnd, LaneListener, WorkerFactory } from '../pool/lane.js';
import type { PoolLog } from '../pool/pool-log.js';
import type { LogLevelName, LogLine } from '../protocol/envelope.js';
import { decodeError, type EncodedError } from '../protocol/error-codec.js';
import type { LostClass } from '../protocol/lost-classes.js';
import { monotonicMs } from '../protocol/monotonic-clock.js';
import { AbortSignals } from './abort-signals.js';
import { Admission } from './admission.js';
import { Caller, SharedTasks, type Accepted } from './callers.js';
import { Dispatcher, type DispatcherOptions } from './dispatcher.js';
import { comesBefore } from './fair-queue.js';
import { ReadyQueue } from './ready-queue.js';
import { pauseAfterCrash, pauseAfterFailure } from './retry-policy.js';
import { MOST_IN_A_TURN, YieldingQueue } from './settle.js';
import { Cancellation, crashed, notStarted, subjectOf, timedOut } from './task-errors.js';
import type { TaskPublisher } from './task-publisher.js';
import { settledBytes, type TaskRegistry } from './task-registry.js';
import type { Task } from './task.js';
import { TimeLimits, type Due } from './time-limits.js';

/** Workers that may die with a task before it began, until the task is suspected to be the cause. */
const MOST_RETURNS = 3;

export interface LifecycleOptions extends DispatcherOptions {
  readonly maxQueue: number;
  readonly onFull: 'reject' | 'wait';
}

/** How many tasks there were, and how they ended. */
interface TaskCounts {
  accepted: number;
  completed: number;
  failed: number;
  cancelled: number;
  retried: number;
}

/**
 * Takes each task from its submission to its one outcome. All that happens to a task (a worker reports, a
 * time limit passes, it is cancelled) comes to a method here, and only these cause the transitions of
 * `task-states.ts`. The dispatcher knows where a task runs, the queue when.
 */
export class TaskLifecycle implements LaneListener<Task> {
  readonly counts: TaskCounts = { accepted: 0, completed: 0, failed: 0, cancelled: 0, retried: 0 };
  readonly #options: LifecycleOptions;
  readonly #registry: TaskRegistry;
  readonly #publisher: TaskPublisher;
  readonly #log: PoolLog;
  readonly #admission = new Admission();
  readonly #queue = new ReadyQueue();
  readonly #dispatcher: Dispatcher;
  readonly #limits = new TimeLimits((task, due) => this.#onDue(task, due));
  readonly #signals = new AbortSignals<Task>((task, why) => void this.#cancel(task, why));
  readonly #shared = new SharedTasks((task, why) => void this.#cancel(task, why));
  /** Tasks that failed or were cancelled, and whose listeners and callers are still to hear of it. */
  readonly #outcomes = new YieldingQueue<{ readonly task: Task; readonly bytes: number }>(
    MOST_IN_A_TURN,
    ({ task, bytes }) => {
      this.#publisher.settled(task, bytes);
      task.deliver();
    },
  );
  readonly #awaitingIdle: (() => void)[] = [];
  #inFlight = 0;
  #retrying = 0;
  #isPaused = false;
  #isClosed = false;
  #isAdmitting = false;
  #dispatching: 'no' | 'yes' | 'again' = 'no';
  #isDispatchDue = false;

  constructor(
    options: LifecycleOptions,
    factory: WorkerFactory<Task>,
    registry: TaskRegistry,
    publisher: TaskPublisher,
    log: PoolLog,
  ) {
    this.#options = options;
    this.#registry = registry;
    this.#publisher = publisher;
    this.#log = log;
    const events = {
      onMayStart: () => this.#dispatch(),
      onHeldUp: (tasks: readonly Task[]) => this.#revokeAll(tasks),
    };
    this.#dispatcher = new Dispatcher(factory, options, this, events, log);
  }

  // ---- submission

  /**
   * Accepts a task at once, or promises to when there is room.
   * @throws ShutdownError, DuplicateTaskError, QueueFullError, TaskCancelledError
   */
  submit(task: Task): Accepted | Promise<Accepted> {
    if (this.#isClosed) {
      throw new ShutdownError(givenSubjectOf(task), 'submitted');
    }
    const twin = task.givenUid === undefined ? undefined : this.#registry.inFlight(task.givenUid);
    if (twin) {
      return this.#join(twin, task);
    }
    if (task.signals.length > 0) {
      refuseAborted(task);
    }
    if (this.#admission.size === 0 && this.#hasRoom) {
      const accepted = this.#register(task);
      this.#accept(task);
      return accepted;
    }
    if (this.#options.onFull === 'reject') {
      throw new QueueFullError(this.#options.maxQueue, subjectOf(task));
    }
    return this.#whenAdmitted(this.#register(task));
  }

  #whenAdmitted(accepted: Task | Caller): Promise<Accepted> {
    const admission = this.#admission.wait(accepted.task);
    return accepted instanceof Caller ? accepted.admitted(admission) : admission;
  }

  #join(twin: Task, task: Task): Accepted | Promise<Accepted> {
    if (task.policy.onDuplicate === 'reject' || twin.handler !== task.handler) {
      throw new DuplicateTaskError(givenSubjectOf(task));
    }
    refuseAborted(task);
    const joined = this.#shared.join(twin, task.signals);
    return twin.phase === 'admitting' ? this.#whenAdmitted(joined) : joined;
  }

  /** From now on the task is found by its uid, and its signals count. */
  #register(task: Task): Task | Caller {
    const accepted = task.signals.length > 0 ? this.#listen(task) : task;
    this.#registry.add(task);
    return accepted;
  }

  /** Listens to the task's signals, whose `addEventListener` may be code of the user: before the task is anywhere. */
  #listen(task: Task): Task | Caller {
    const { signals, givenUid } = task;
    let accepted: Task | Caller = task;
    if (givenUid === undefined) {
      this.#signals.add(task);
    } else {
      accepted = this.#shared.first(task);
    }
    try {
      // What refuses a submission may have happened meanwhile.
      if (this.#isClosed) {
        throw new ShutdownError(givenSubjectOf(task), 'submitted');
      }
      if (givenUid !== undefined && this.#registry.inFlight(givenUid)) {
        throw new DuplicateTaskError(givenSubjectOf(task));
      }
      refuseAborted(task, signals);
    } catch (error) {
      this.#signals.remove(task);
      this.#shared.settled(task);
      throw error;
    }
    return accepted;
  }

  #accept(task: Task): void {
    task.accept(monotonicMs());
    this.#inFlight++;
    this.counts.accepted++;
    this.#queue.push(task);
    this.#limits.watch(task);
    this.#publisher.queued(task);
    this.#goAhead(task);
    if (this.#dispatcher.hasPlaceNow(this.#queue.peek())) {
      this.#dispatch();
    } else {
      this.#dispatchSoon();
    }
  }

  /** A task that finds a free permit does not wait, except for its worker to start. */
  get #hasRoom(): boolean {
    return this.#queue.size - this.#dispatcher.semaphore.available < this.#options.maxQueue;
  }

  /** Lets in the submissions that wait, as far as there is room. */
  #admit(): void {
    if (this.#isAdmitting || this.#admission.size === 0) {
      return;
    }
    // A task that is let in may at once make room for the next one: a loop instead of a recursion.
    this.#isAdmitting = true;
    try {
      while (this.#admission.size > 0 && this.#hasRoom) {
        const task = this.#admission.next();
        if (task) {
          this.#accept(task);
        }
      }
    } finally {
      this.#isAdmitting = false;
    }
  }

  // ---- dispatch

  /** Sends what can be sent. Called while it runs, it runs once more after that. */
  #dispatch(): void {
    if (this.#dispatching !== 'no') {
      this.#dispatching = 'again';
      return;
    }
    try {
      do {
        this.#dispatching = 'yes';
        this.#sendAll();
      } while (this.#isAskedAgain());
    } finally {
      this.#dispatching = 'no';
    }
  }

  #isAskedAgain(): boolean {
    return this.#dispatching === 'again';
  }

  /** Once, after the current messages: what they free and bring is sent together. */
  #dispatchSoon(): void {
    if (!this.#isDispatchDue) {
      this.#isDispatchDue = true;
      void RESOLVED.then(this.#dispatchDue);
    }
  }

  readonly #dispatchDue = (): void => {
    this.#isDispatchDue = false;
    this.#dispatch();
  };

  #sendAll(): void {
    const queue = this.#queue;
    const dispatcher = this.#dispatcher;
    for (let task = queue.peek(); task && !this.#isPaused; task = queue.peek()) {
      const worker = dispatcher.placeFor(task);
      if (!worker) {
        break;
      }
      queue.take(task);
      task.send(worker.lane);
      dispatcher.send(task, worker, this.#publisher.listensToStart(task));
      this.#limits.watch(task);
    }
    dispatcher.flush();
    dispatcher.grow(this.#isPaused || !queue.peek() ? 0 : queue.size);
    // Also if nothing was sent: a permit may be free for a submission that waits for one.
    this.#admit();
  }

  /** Takes back attempts that have not begun: they wait again, where they stood. */
  #revokeAll(tasks: readonly Task[]): void {
    if (tasks.length === 0) {
      return;
    }
    // The last one first. What a worker begins meanwhile then comes before all that is revoked, and each
    // task finds its place at the head of the queue.
    for (const task of tasks.toSorted((a, b) => (comesBefore(a, b) ? 1 : -1))) {
      if (task.phase === 'sent' && this.#dispatcher.revoke(task)) {
        task.revoke();
        this.#queue.restore(task);
      }
    }
    this.#dispatch();
  }

  /** What was prefetched must not run before a more urgent task. */
  #goAhead(task: Task): void {
    if (task.phase === 'queued') {
      this.#revokeAll(this.#dispatcher.lessUrgent(task.priority));
    }
  }

  // ---- what lanes report

  onReady(lane: Lane<Task>): void {
    this.#dispatcher.ready(lane);
    this.#dispatch();
  }

  onStarted(lane: Lane<Task>, task: Task): void {
    if (!task.isSettled) {
      this.#began(task, lane.id, lane.startedAt(task));
    }
  }

  /**
   * The attempt has begun, if it has a time of its start: listeners hear of that once, before all else that
   * becomes of it. The worker's message that it began may be still to come, or was not asked for.
   */
  #began(task: Task, worker: number, startedAt: number | undefined): void {
    if (startedAt !== undefined && startedAt !== task.startedAt) {
      task.startedAt = startedAt;
      this.#publisher.started(task, task.waitMs(startedAt), worker);
    }
  }

  onProgress(lane: Lane<Task>, task: Task, value: unknown): void {
    if (task.phase === 'sent') {
      this.#began(task, lane.id, lane.startedAt(task));
    }
    if (task.phase === 'sent') {
      task.rare.progress = value;
      this.#publisher.progress(task);
    }
  }

  onCompleted(
    lane: Lane<Task>,
    task: Task,
    result: unknown,
    startedAt: number,
    runMs: number,
  ): void {
    this.#finished(lane, task, startedAt, runMs);
    if (task.phase === 'sent') {
      this.#settle(task, 'completed', result);
    } else if (task.phase === 'stopping') {
      this.#attemptFailed(task, task.overrunError);
    }
  }

  onFailed(
    lane: Lane<Task>,
    task: Task,
    error: EncodedError,
    startedAt: number,
    runMs: number,
  ): void {
    this.#finished(lane, task, startedAt, runMs);
    if (!task.isSettled) {
      const own = task.phase === 'stopping';
      this.#attemptFailed(task, own ? task.overrunError : decodeError(error));
    }
  }

  #finished(lane: Lane<Task>, task: Task, startedAt: number, runMs: number): void {
    // Before the outcome: the code of the caller goes on with it, and may take its time.
    this.#dispatchSoon();
    this.#dispatcher.finished(lane, task, runMs);
    if (!task.isSettled) {
      this.#began(task, lane.id, startedAt);
    }
  }

  onUnsendable(lane: Lane<Task>, task: Task, error: TaskSerializationError): void {
    this.#dispatcher.unsendable(lane, task);
    if (task.phase === 'sent') {
      task.revoke();
      this.#settle(task, 'failed', error);
    }
    this.#dispatch();
  }

  onSkipped(lane: Lane<Task>): void {
    this.#dispatcher.skipped(lane);
    this.#dispatch();
  }

  onAwaiting(lane: Lane<Task>, task: Task): WaitForApplication {
    return this.#dispatcher.awaiting(lane, task);
  }

  onHeapLimit(lane: Lane<Task>): void {
    this.#dispatcher.heapLimit(lane);
  }

  onLostClass(_lane: Lane<Task>, task: Task, lost: LostClass): void {
    this.#log.lostClass(lost, task.handlerName);
  }

  onLog(lane: Lane<Task>, level: LogLevelName, line: LogLine): void {
    this.#log.workerLine(lane.id, level, line);
  }

  onEnding(lane: Lane<Task>): void {
    this.#dispatcher.ending(lane);
  }

  onEnded(lane: Lane<Task>, end: LaneEnd<Task>): void {
    const { running, runningSince, waiting, crash } = end;
    const startFailure = this.#dispatcher.ended(lane, end);
    const suspects = waiting.filter((task) => !this.#returned(task, running === undefined));
    // From here on listeners run, and may settle any of these tasks.
    if (running && !running.isSettled) {
      this.#began(running, lane.id, runningSince);
    }
    if (startFailure) {
      this.#failQueue(startFailure.error);
    }
    if (running?.phase === 'stopping' && end.isLeftBehind) {
      // The retry waits until the worker is gone, as ever: never two attempts at a time.
      void end.gone.then(() => this.#workerDied(running, crash));
    } else if (running) {
      this.#workerDied(running, crash);
    }
    for (const task of suspects) {
      this.#workerDied(task, crash ?? { reason: 'exit' });
    }
    this.#dispatch();
  }

  /**
   * A worker died before it had begun the task, which waits again. False if it cannot.
   * @param isSuspect - Whether nothing ran that can have killed the worker.
   */
  #returned(task: Task, isSuspect: boolean): boolean {
    if (task.phase !== 'sent') {
      return true;
    }
    task.revoke();
    if (isSuspect) {
      task.rare.returns++;
    }
    if (task.transferList || task.returns > MOST_RETURNS) {
      return false;
    }
    this.#queue.restore(task);
    return true;
  }

  #workerDied(task: Task, crash: CrashDetails | undefined): void {
    if (task.isSettled) {
      return;
    }
    if (task.phase === 'stopping') {
      this.#attemptFailed(task, task.overrunError);
    } else {
      this.#retryOrFail(task, crashed(task, crash), pauseAfterCrash(task));
    }
  }

  /** No worker starts, so nothing that waits can run. */
  #failQueue(error: unknown): void {
    for (const task of this.#queue.clear()) {
      // A listener of the tasks before it may have settled it.
      if (!task.isSettled) {
        this.#settle(task, 'failed', notStarted(task, error));
      }
    }
  }

  // ---- retries

  #attemptFailed(task: Task, error: unknown): void {
    const pauseMs = pauseAfterFailure(task, error, this.#log);
    // `retryOn` is code of the user, which may have cancelled the task.
    if (!task.isSettled) {
      this.#retryOrFail(task, error, pauseMs);
    }
  }

  #retryOrFail(task: Task, error: unknown, pauseMs: number | undefined): void {
    if (pauseMs === undefined) {
      this.#settle(task, 'failed', error);
      return;
    }
    task.retry();
    this.counts.retried++;
    this.#retrying++;
    this.#limits.retryIn(task, pauseMs);
    this.#publisher.retrying(task, error, pauseMs);
  }

  // ---- time limits

  #onDue(task: Task, { phase, limitMs }: Due): void {
    if (phase === 'retry') {
      this.#retrying--;
      task.requeue();
      this.#queue.push(task);
      this.#limits.watch(task);
      this.#goAhead(task);
      this.#dispatch();
      return;
    }
    if (phase === 'queue' && task.phase === 'sent') {
      if (!this.#dispatcher.revoke(task)) {
        // It began this very moment, and so waits no longer.
        this.#limits.watch(task);
        return;
      }
      task.revoke();
    }
    const error = timedOut(task, phase, limitMs);
    const hasAnotherTry = phase === 'run' && task.failures + 1 < task.policy.attempts;
    const isWithWorker = !this.#withdraw(task, error);
    if (task.isSettled) {
      return;
    }
    if (isWithWorker && hasAnotherTry) {
      // It is tried again when the worker has let go of it: never two attempts at a time.
      const { lane } = task;
      task.overrun(error);
      this.#limits.watch(task);
      if (lane) {
        this.#began(task, lane.id, lane.startedAt(task));
      }
    } else {
      this.#settle(task, 'failed', error);
    }
  }

  // ---- what users ask of one task

  /** False if the task has settled already. */
  cancel(task: Task, reason: unknown): boolean {
    return this.#cancel(task, new Cancellation(reason));
  }

  #cancel(task: Task, why: Cancellation): boolean {
    if (task.isSettled) {
      return false;
    }
    // Errors are made late where they can be: to make a hundred thousand takes longer than all the rest.
    const isWithWorker = task.phase === 'sent' || task.phase === 'stopping';
    this.end(
      task,
      'cancelled',
      isWithWorker || task.phase === 'admitting' ? why.errorOf(task) : why,
    );
    return true;
  }

  /** False if the task no longer waits. */
  reprioritise(task: Task, priority: number): boolean {
    // What was handed over with it cannot be sent again.
    if (task.phase === 'sent' && !task.transferList && this.#dispatcher.revoke(task)) {
      task.revoke();
      this.#queue.restore(task);
    }
    if (task.phase !== 'queued' || !this.#queue.reprioritise(task, priority)) {
      return false;
    }
    this.#revokeAll(this.#dispatcher.lessUrgent(priority));
    this.#dispatch();
    return true;
  }

  // ---- the end

  /** Settles a task whatever it is doing; a worker that still runs it is asked to stop. */
  end(task: Task, state: SettledState, value: unknown): void {
    this.#withdraw(task, value);
    if (!task.isSettled) {
      this.#settle(task, state, value);
    }
  }

  /** Takes a task out of wherever it waits. False if a worker runs it, which is asked to stop. */
  #withdraw(task: Task, reason: unknown): boolean {
    switch (task.phase) {
      case 'admitting':
        this.#admission.leave(task, reason);
        return true;
      case 'queued':
        this.#queue.remove(task);
        return true;
      case 'retrying':
        this.#retrying--;
        return true;
      case 'sent':
        if (this.#dispatcher.revoke(task)) {
          task.revoke();
          return true;
        }
        this.#revokeAll(this.#dispatcher.stop(task, reason));
        return false;
      default:
        return false;
    }
  }

  #settle(task: Task, state: SettledState, value: unknown): void {
    this.#limits.forget(task);
    this.#signals.remove(task);
    this.#shared.settled(task);
    const wasAccepted = task.phase !== 'admitting';
    const { lane, startedAt } = task;
    task.settle(state, value, monotonicMs());
    if (!wasAccepted) {
      this.#registry.forget(task);
      this.#resolveIdle();
      return;
    }
    this.#inFlight--;
    this.counts[state]++;
    const bytes = settledBytes(task, value);
    this.#registry.settled(task, bytes);
    // The books are right from here on: listeners run, and may do anything.
    if (lane && task.startedAt !== undefined && task.startedAt !== startedAt) {
      this.#publisher.started(task, task.waitMs(task.startedAt), lane.id);
    }
    if (state === 'completed') {
      this.#publisher.settled(task, bytes);
    } else {
      this.#outcomes.add({ task, bytes });
    }
    this.#admit();
    this.#resolveIdle();
  }

  // ---- all tasks

  /** Tasks that are accepted and not settled. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** How the pool is doing now. */
  get stats(): PoolStats {
    const { semaphore, workers } = this.#dispatcher;
    return {
      maxProcesses: semaphore.limit,
      waiting: this.#queue.size,
      running: semaphore.held,
      retrying: this.#retrying,
      admitting: this.#admission.size,
      ...this.counts,
      workers,
      paused: this.#isPaused,
    };
  }

  get maxProcesses(): number {
    return this.#dispatcher.semaphore.limit;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
    this.#revokeAll(this.#dispatcher.held());
  }

  resume(): void {
    this.#isPaused = false;
    this.#dispatch();
  }

  resize(maxProcesses: number): void {
    this.#dispatcher.resize(maxProcesses);
    this.#dispatch();
  }

  warmUp(): Promise<void> {
    return this.#dispatcher.warmUp();
  }

  /** Resolves when no task is in flight, no submission waits, and listeners have heard of every outcome. */
  async drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#awaitingIdle.push(resolve);
      this.#resolveIdle();
    });
    await this.#outcomes.done();
  }

  #resolveIdle(): void {
    if (this.#inFlight === 0 && this.#admission.size === 0) {
      for (const resolve of this.#awaitingIdle.splice(0)) {
        resolve();
      }
    }
  }

  /** Refuses submissions from now on, and those that wait for room. */
  closeIntake(): void {
    this.#isClosed = true;
    for (const task of this.#admission.tasks()) {
      if (!task.isSettled) {
        this.end(task, 'failed', new ShutdownError(subjectOf(task), 'submitted'));
      }
    }
  }

  /** Ends the workers. Nothing is in flight any more. */
  async close(): Promise<void> {
    this.#isPaused = true;
    await this.#dispatcher.close();
    await this.#outcomes.done();
    this.#publisher.close();
  }
}

const RESOLVED = Promise.resolve();

function refuseAborted(task: Task, signals = task.signals): void {
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted) {
    throw new TaskCancelledError(givenSubjectOf(task), aborted.reason);
  }
}

/** A refused submission without a uid of its own has none in its error: the caller never learns of it. */
function givenSubjectOf({ givenUid, handlerName }: Task): {
  uid: string | undefined;
  handler: string;
} {
  return { uid: givenUid, handler: handlerName };
}
