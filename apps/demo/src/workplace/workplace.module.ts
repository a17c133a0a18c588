import { Module } from '@nestjs/common';
import { PoliteWorker } from './polite-worker.js';
import { Workplace } from './workplace.js';
import { WorkplaceController } from './workplace.controller.js';

@Module({
  controllers: [WorkplaceController],
  providers: [Workplace, PoliteWorker],
  exports: [Workplace, PoliteWorker],
})
export class WorkplaceModule {}
