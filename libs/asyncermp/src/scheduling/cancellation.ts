import { TaskCancelledError, withoutStack } from '../tasks/errors.js';
import type { Task } from './task.js';
import { subjectOf } from './task-errors.js';

/**
 * Why a task was cancelled, or very many at once. To make their errors takes longer than all the rest of it,
 * so that each is made when somebody asks for it: one that nobody keeps is gone before the next is there.
 */
export class Cancellation {
  constructor(private readonly reason: unknown) {}

  errorOf(task: Pick<Task, 'uid' | 'handlerName'>): TaskCancelledError {
    return withoutStack(() => new TaskCancelledError(subjectOf(task), this.reason));
  }
}
