import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule, ReportService } from '../.fixtures/application/app.module.js';

describe('a worker of an application with configured modules, factories and abstract classes', () => {
  let app: INestApplicationContext;

  beforeAll(async () => {
    app = await NestFactory.createApplicationContext(AppModule, {
      logger: false,
      abortOnError: false,
    });
  });

  afterAll(() => app.close());

  it('has the same dependencies as the application, without any configuration', async () => {
    const reports = app.get(ReportService);
    await expect(reports.report(5)).resolves.toBe('row 5 of 3, open, feature 7, tax 19');
  });

  it('builds only what handlers need, and starts nothing else', async () => {
    await expect(app.get(ReportService).made()).resolves.toEqual([
      'Connection',
      'StorageModule.onModuleInit',
    ]);
  });
});
