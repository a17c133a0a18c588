import { Body, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { AsyncerMpService, type TaskHandle } from 'nestjs-asyncermp';
import { z } from 'zod';
import { viewOfTask, type TaskView } from '../tasks/task-view.js';
import { TrialTasks } from './trial.tasks.js';

const trialSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('fail'),
    message: z.string().max(500).default('This task fails on purpose'),
  }),
  z.strictObject({ kind: z.literal('loop') }),
  z.strictObject({ kind: z.literal('crash') }),
]);

type Trial = z.infer<typeof trialSchema>;

@Controller('trials')
export class TrialsController {
  readonly #mp: AsyncerMpService;

  constructor(mp: AsyncerMpService) {
    this.#mp = mp;
  }

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  async submit(@Body({ schema: trialSchema }) trial: Trial): Promise<TaskView> {
    return viewOfTask(await this.#submit(trial));
  }

  #submit(trial: Trial): Promise<TaskHandle> {
    if (trial.kind === 'fail') {
      return this.#mp.submit(TrialTasks, 'fail', [trial.message]);
    }
    if (trial.kind === 'loop') {
      return this.#mp.submit(TrialTasks, 'loopForever', []);
    }
    return this.#mp.submit(TrialTasks, 'killWorker', []);
  }
}
