import { Module, type DynamicModule } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { AsyncerMpModule, type AsyncerMpOptions } from 'nestjs-asyncermp';
import { ExplorerModule } from './explorer/explorer.module.js';
import { LiveModule } from './live/live.module.js';
import { TasksModule } from './tasks/tasks.module.js';
import { TrialsModule } from './trials/trials.module.js';
import { WorkbenchModule } from './workbench/workbench.module.js';

/** The application that serves HTTP. */
@Module({})
export class AppModule {
  static forRoot(pool: AsyncerMpOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        EventEmitterModule.forRoot(),
        AsyncerMpModule.forRoot(pool),
        TasksModule,
        ExplorerModule,
        WorkbenchModule,
        LiveModule,
        TrialsModule,
      ],
    };
  }
}
