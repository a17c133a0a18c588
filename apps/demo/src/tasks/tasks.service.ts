import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { AsyncerMpService, type TaskHandle } from 'nestjs-asyncermp';
import { SiteTasks } from '../site/site.tasks.js';
import { SumsTasks } from '../sums/sums.tasks.js';
import type { SubmitTask } from './submit-task.schema.js';

/** Submits, finds and cancels tasks for clients. */
@Injectable()
export class TasksService {
  readonly #mp: AsyncerMpService;

  constructor(mp: AsyncerMpService) {
    this.#mp = mp;
  }

  /** Resolves once the pool has accepted the task. */
  submit(request: SubmitTask): Promise<TaskHandle> {
    if (request.kind === 'sum') {
      const { kind: _kind, n, ...options } = request;
      return this.#mp.submit(SumsTasks, 'sumOfSquares', [n], options);
    }
    const { kind: _kind, markdown, ...options } = request;
    return this.#mp.submit(SiteTasks, 'render', [markdown], options);
  }

  /** @throws NotFoundException */
  find(uid: string): TaskHandle {
    const task = this.#mp.get(uid);
    if (task) {
      return task;
    }
    throw new NotFoundException(
      `There is no task ${JSON.stringify(uid)}. Tasks are known while they are in flight, and the last ` +
        'ones that settled for a while after.',
    );
  }

  /** @throws NotFoundException; ConflictException for a task that has settled */
  cancel(uid: string): TaskHandle {
    const task = this.find(uid);
    if (task.cancel('cancelled by a client')) {
      return task;
    }
    throw new ConflictException(
      `The task ${JSON.stringify(uid)} can't be cancelled: it is ${task.state} already`,
    );
  }
}
