import { threadId } from 'node:worker_threads';
import { Injectable, Module } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import { AppModule } from './app.module.js';
import { serveOnce } from './boot.js';
import type { Answer } from './sums.service.js';

/** A handler in the file that boots the application. */
@Injectable()
class EntryService {
  @CpuTask()
  async whereAmI(): Promise<Answer> {
    return { value: 0, threadId };
  }
}

@Module({ imports: [AppModule], providers: [EntryService] })
class MainModule {}

async function bootstrap(): Promise<void> {
  await serveOnce(MainModule, EntryService);
}

await bootstrap();
