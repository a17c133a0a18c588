import 'reflect-metadata';
import { Module, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { AsyncerMpModule } from 'nestjs-asyncermp';
import type { StartOptions } from '../pool.js';
import { CompletionListener } from './completion.listener.js';

@Module({})
class BenchModule {}

/** A Nest application with all features on: event emitter, a listener, completedQueue, statistics. */
export function createApplication(
  providers: readonly Provider[],
  { workers, warm, cancelGraceMs, spares = 0 }: StartOptions,
): Promise<INestApplicationContext> {
  const root = {
    module: BenchModule,
    imports: [
      EventEmitterModule.forRoot(),
      AsyncerMpModule.forRoot({
        maxProcesses: workers,
        minProcesses: warm ? workers : 0,
        // Otherwise a worker would be there before the first task, and its start is what is measured.
        verify: warm,
        spareProcesses: spares,
        ...(cancelGraceMs !== undefined && { cancelGrace: cancelGraceMs }),
      }),
    ],
    providers: [...providers, CompletionListener],
  };
  return NestFactory.createApplicationContext(root, { logger: ['error', 'warn'] });
}
