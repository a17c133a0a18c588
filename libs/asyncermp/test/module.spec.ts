import { availableParallelism } from 'node:os';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AsyncerMpModule,
  AsyncerMpService,
  ConfigurationError,
  type AsyncerMpOptions,
} from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { closeLater } from './support/application.js';

async function start(...imports: (DynamicModule | Promise<DynamicModule>)[]) {
  const app = await NestFactory.createApplicationContext(
    { module: class AppModule {}, imports, providers: [] },
    { logger: false, abortOnError: false },
  );
  return closeLater(app).get(AsyncerMpService).stats();
}

describe('forRoot() takes', () => {
  it('a number, which is maxProcesses', async () => {
    await expect(start(AsyncerMpModule.forRoot(3))).resolves.toMatchObject({ maxProcesses: 3 });
  });

  it('no options, which is one worker per available processor', async () => {
    const maxProcesses = availableParallelism();
    await expect(start(AsyncerMpModule.forRoot())).resolves.toMatchObject({ maxProcesses });
    await expect(start(AsyncerMpModule.forRoot({}))).resolves.toMatchObject({ maxProcesses });
  });

  it('undefined for an option, which counts as left out', async () => {
    const options = { maxProcesses: 2, idleTimeout: undefined } as unknown as AsyncerMpOptions;
    await expect(start(AsyncerMpModule.forRoot(options))).resolves.toMatchObject({
      maxProcesses: 2,
    });
  });
});

describe('forRootAsync() takes', () => {
  class Settings {
    create(): AsyncerMpOptions {
      return { maxProcesses: 5 };
    }
  }
  const settings: DynamicModule = {
    module: class SettingsModule {},
    providers: [Settings, { provide: 'PROCESSES', useValue: 3 }],
    exports: [Settings, 'PROCESSES'],
  };

  it('a factory with injected arguments', async () => {
    const module = AsyncerMpModule.forRootAsync({
      imports: [settings],
      inject: ['PROCESSES'],
      useFactory: async (maxProcesses: number) => ({ maxProcesses }),
    });
    await expect(start(module)).resolves.toMatchObject({ maxProcesses: 3 });
  });

  it('a class that creates the options (useClass) or an existing provider (useExisting)', async () => {
    const byClass = AsyncerMpModule.forRootAsync({ useClass: Settings });
    await expect(start(byClass)).resolves.toMatchObject({ maxProcesses: 5 });
    const existing = AsyncerMpModule.forRootAsync({ imports: [settings], useExisting: Settings });
    await expect(start(existing)).resolves.toMatchObject({ maxProcesses: 5 });
  });

  it('no wrong options: the application fails to start with ConfigurationError', async () => {
    for (const bad of [{ maxProcesses: 1.5 }, null, 'x'] as AsyncerMpOptions[]) {
      const starting = start(AsyncerMpModule.forRootAsync({ useFactory: () => bad }));
      await expect(starting).rejects.toBeInstanceOf(ConfigurationError);
    }
  });
});

describe('isGlobal', () => {
  /** A module that injects the service without importing its module. */
  const feature = () => {
    class FeatureModule {}
    Module({
      providers: [{ provide: 'USER', useFactory: (mp: unknown) => mp, inject: [AsyncerMpService] }],
    })(FeatureModule);
    return { module: FeatureModule };
  };

  it('is true by default: the service can be injected everywhere', async () => {
    await expect(start(AsyncerMpModule.forRoot(2), feature())).resolves.toBeDefined();
  });

  it('set to false provides the service only to modules that import AsyncerMpModule', async () => {
    const text = /AsyncerMpService.*FeatureModule/s;
    const options = { isGlobal: false };
    await expect(start(AsyncerMpModule.forRoot(options), feature())).rejects.toThrow(text);
    const later = AsyncerMpModule.forRootAsync({ ...options, useFactory: () => ({}) });
    await expect(start(later, feature())).rejects.toThrow(text);
  });
});
