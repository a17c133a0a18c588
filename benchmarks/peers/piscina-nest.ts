import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Piscina } from 'piscina';
import { onPiscina } from './piscina.js';
import { KEEP_MS, workerFile, type Pool, type StartOptions } from './pool.js';

@Module({})
class ApplicationModule {}

/**
 * piscina in a Nest application, with a hand-written Nest application context in each worker, which makes
 * injection work there.
 */
export async function startWith(providers: number, { workers, warm }: StartOptions): Promise<Pool> {
  const app = await NestFactory.createApplicationContext(ApplicationModule, { logger: false });
  const pool = onPiscina(
    new Piscina({
      filename: fileURLToPath(workerFile('piscina-nest.worker')),
      minThreads: warm ? workers : 0,
      maxThreads: workers,
      ...(!warm && { idleTimeout: KEEP_MS }),
      workerData: { providers },
    }),
  );
  return {
    ...pool,
    end: async () => {
      await pool.end();
      await app.close();
    },
  };
}
