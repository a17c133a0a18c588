import type { EventEmitter2 } from '@nestjs/event-emitter';
import { TaskEvent, type TaskEventPayload } from 'nestjs-asyncermp';

type Step = 'queued' | 'started' | 'progress' | 'retrying' | 'settled';

/** Which event may follow which. An attempt that never began has no started. */
const MAY_FOLLOW: Record<Step | 'nothing', readonly Step[]> = {
  nothing: ['queued'],
  queued: ['started', 'retrying', 'settled'],
  started: ['progress', 'retrying', 'settled'],
  progress: ['progress', 'retrying', 'settled'],
  retrying: ['started', 'retrying', 'settled'],
  settled: [],
};

const STEPS: Record<TaskEvent, Step> = {
  [TaskEvent.Queued]: 'queued',
  [TaskEvent.Started]: 'started',
  [TaskEvent.Progress]: 'progress',
  [TaskEvent.Retrying]: 'retrying',
  [TaskEvent.Completed]: 'settled',
  [TaskEvent.Failed]: 'settled',
  [TaskEvent.Cancelled]: 'settled',
};

/** Listens to all events of all tasks, and checks their order. */
export class EventLog {
  /** The events that came in a wrong order. */
  readonly wrong: string[] = [];
  readonly #last = new Map<string, Step>();
  /** How many attempts of each task were broadcast to have begun. */
  readonly #started = new Map<string, number>();
  readonly #listeners: [name: TaskEvent, listener: (event: TaskEventPayload) => void][] = [];
  #settled = 0;
  readonly #queued = new Map<string, number>();
  readonly #emitter: EventEmitter2;

  constructor(emitter: EventEmitter2) {
    this.#emitter = emitter;
    for (const name of Object.values(TaskEvent)) {
      const listener = ({ uid, attempt, handler }: TaskEventPayload): void => {
        this.#note(uid, STEPS[name], attempt);
        if (name === TaskEvent.Queued) {
          this.#queued.set(handler, this.queuedOf(handler) + 1);
        }
      };
      emitter.on(name, listener);
      this.#listeners.push([name, listener]);
    }
  }

  /** The number of tasks with a settling event. */
  get settled(): number {
    return this.#settled;
  }

  /** How many tasks of the handler were accepted. */
  queuedOf(handler: string): number {
    return this.#queued.get(handler) ?? 0;
  }

  /** The uids of tasks without a settling event. */
  get unsettled(): string[] {
    return [...this.#last].filter(([, step]) => step !== 'settled').map(([uid]) => uid);
  }

  close(): void {
    for (const [name, listener] of this.#listeners) {
      this.#emitter.off(name, listener);
    }
  }

  #note(uid: string, step: Step, attempt: number): void {
    const last = this.#last.get(uid) ?? 'nothing';
    if (!MAY_FOLLOW[last].includes(step)) {
      this.wrong.push(`${step} after ${last} (task ${uid}, attempt ${attempt})`);
    }
    this.#last.set(uid, step);
    const started = (this.#started.get(uid) ?? 0) + (step === 'started' ? 1 : 0);
    this.#started.set(uid, started);
    if (attempt !== started) {
      this.wrong.push(`${step} with attempt ${attempt} after ${started} began (task ${uid})`);
    }
    this.#settled += step === 'settled' ? 1 : 0;
  }
}
