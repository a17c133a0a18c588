import { Module } from '@nestjs/common';
import { TasksModule } from '../tasks/tasks.module.js';
import { WorkbenchModule } from '../workbench/workbench.module.js';
import { WorkplaceModule } from '../workplace/workplace.module.js';
import { LiveController } from './live.controller.js';
import { LiveStream } from './live.stream.js';
import { LoopWatch } from './loop.watch.js';

@Module({
  imports: [WorkplaceModule, TasksModule, WorkbenchModule],
  controllers: [LiveController],
  providers: [LoopWatch, LiveStream],
})
export class LiveModule {}
