import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Res,
} from '@nestjs/common';
import type { Response } from 'express';
import { submitTaskSchema, type SubmitTask } from './submit-task.schema.js';
import { viewOfTask, type TaskView } from './task-view.js';
import { TasksService } from './tasks.service.js';

@Controller('tasks')
export class TasksController {
  readonly #tasks: TasksService;

  constructor(tasks: TasksService) {
    this.#tasks = tasks;
  }

  /** Accepts the task and does not wait for it. `Location` is its address. */
  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  async submit(
    @Body({ schema: submitTaskSchema }) request: SubmitTask,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TaskView> {
    const task = await this.#tasks.submit(request);
    response.location(`/tasks/${encodeURIComponent(task.uid)}`);
    return viewOfTask(task);
  }

  @Get(':uid')
  find(@Param('uid') uid: string): Promise<TaskView> {
    return viewOfTask(this.#tasks.find(uid));
  }

  @Delete(':uid')
  cancel(@Param('uid') uid: string): Promise<TaskView> {
    return viewOfTask(this.#tasks.cancel(uid));
  }
}
