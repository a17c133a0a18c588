import { Module, type DynamicModule } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { AsyncerMpModule } from 'nestjs-asyncermp';
import { SiteModule } from '../site/site.module.js';
import { SumsModule } from '../sums/sums.module.js';
import { ComparisonService } from './comparison.service.js';
import { CompletionListener } from './completion.listener.js';
import { SiteJobFactory } from './site.job.js';
import { SumsJobFactory } from './sums.job.js';
import { Terminal } from './terminal.js';

/** The application of the command line. */
@Module({})
export class TerminalModule {
  static forRoot(processes: number, terminal: Terminal): DynamicModule {
    return {
      module: TerminalModule,
      imports: [
        EventEmitterModule.forRoot(),
        // All workers are warm before the first measurement, like the main thread.
        AsyncerMpModule.forRoot({ maxProcesses: processes, minProcesses: processes }),
        SumsModule,
        SiteModule,
      ],
      providers: [
        { provide: Terminal, useValue: terminal },
        CompletionListener,
        ComparisonService,
        SumsJobFactory,
        SiteJobFactory,
      ],
    };
  }
}
