import { monotonicMs } from '../protocol/monotonic-clock.js';
import type { TaskHandle } from '../tasks/task-handle.js';
import type { TaskState } from '../tasks/task-state.js';
import { ConfigurationError } from '../tasks/errors.js';
import { rules } from '../tasks/check-options.js';
import type { Task } from './task.js';
import { subjectOf } from './task-errors.js';
import type { TaskLifecycle } from './task-lifecycle.js';

/** What users hold of a task of this process. */
export class LocalTaskHandle implements TaskHandle {
  readonly #task: Task;
  readonly #lifecycle: TaskLifecycle;

  constructor(task: Task, lifecycle: TaskLifecycle) {
    this.#task = task;
    this.#lifecycle = lifecycle;
  }

  get uid(): string {
    return this.#task.uid;
  }

  get handler(): string {
    return this.#task.handlerName;
  }

  get state(): TaskState {
    return this.#task.state;
  }

  get attempt(): number {
    return this.#task.begunAttempts;
  }

  get progress(): unknown {
    return this.#task.progress;
  }

  get priority(): number {
    return this.#task.priority;
  }

  get waitMs(): number {
    return this.#task.waitMs(this.#end);
  }

  get runMs(): number {
    return this.#task.runMs(this.#end);
  }

  get result(): Promise<unknown> {
    this.#task.watch();
    return this.#task.promise;
  }

  cancel(reason?: unknown): boolean {
    return this.#lifecycle.cancel(this.#task, reason);
  }

  reprioritise(priority: number): boolean {
    const { test, expected } = rules.finite;
    if (!test(priority)) {
      throw new ConfigurationError(
        `A priority is ${expected}, and not ${String(priority)}`,
        subjectOf(this.#task),
      );
    }
    return this.#lifecycle.reprioritise(this.#task, priority);
  }

  get #end(): number {
    return this.#task.settledAt ?? monotonicMs();
  }
}
