import { threadId } from 'node:worker_threads';
import { Injectable, Module } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import type { Answer } from 'survey-geometry';
import { AppModule } from './app.module.js';
import { survey } from './survey.js';

/** A handler in the file that boots the application. */
@Injectable()
class CampService {
  @CpuTask()
  async camp(): Promise<Answer> {
    return { value: 1_200, threadId };
  }
}

@Module({ imports: [AppModule], providers: [CampService] })
class MainModule {}

async function bootstrap(): Promise<void> {
  await survey(MainModule, CampService);
}

await bootstrap();
