import { Module } from '@nestjs/common';
import { TrialTasks } from './trial.tasks.js';
import { TrialsController } from './trials.controller.js';

@Module({ controllers: [TrialsController], providers: [TrialTasks] })
export class TrialsModule {}
