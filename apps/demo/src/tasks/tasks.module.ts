import { Module, StandardSchemaValidationPipe } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { SiteModule } from '../site/site.module.js';
import { SumsModule } from '../sums/sums.module.js';
import { AsyncerMpErrorFilter } from './asyncermp-error.filter.js';
import { EventsController } from './events.controller.js';
import { PoolController } from './pool.controller.js';
import { StatusController } from './status.controller.js';
import { TaskLog } from './task-log.js';
import { TaskEventStream } from './task-event.stream.js';
import { TasksController } from './tasks.controller.js';
import { TasksService } from './tasks.service.js';

/** The handlers of the demo over HTTP. */
@Module({
  imports: [SumsModule, SiteModule],
  controllers: [TasksController, PoolController, StatusController, EventsController],
  providers: [
    TasksService,
    TaskEventStream,
    TaskLog,
    { provide: APP_PIPE, useClass: StandardSchemaValidationPipe },
    { provide: APP_FILTER, useClass: AsyncerMpErrorFilter },
  ],
  exports: [TaskLog],
})
export class TasksModule {}
