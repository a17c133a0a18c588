import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { AsyncerMpService, ConfigurationError } from 'nestjs-asyncermp';
import { build } from 'rolldown';
import { afterEach, describe, expect, it } from 'vitest';
import { AppModule, ReportService } from '../.fixtures/application/app.module.js';
import {
  Calculator,
  FilledLaterModule,
  IncludingModule,
  Overridden,
  OverriddenModule,
  Plugin,
  PluginHost,
  Rates,
  RequestScopedInlineModule,
  RequestScopedModule,
  RequestScopedService,
} from '../.fixtures/application/varied.modules.js';
import { UnbuildableModule } from '../.fixtures/application/unbuildable.module.js';
import { RecordingLogger } from '../support/recording-logger.js';

const applications: INestApplicationContext[] = [];

async function start(
  root: unknown,
  logger: RecordingLogger | false = false,
): Promise<INestApplicationContext> {
  const app = await NestFactory.createApplicationContext(root as never, {
    logger,
    abortOnError: false,
  });
  applications.push(app);
  return app;
}

/** What a program writes. */
async function outputOf(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 50_000 });
  return stdout;
}

afterEach(async () => {
  for (const app of applications.splice(0)) {
    await app.close();
  }
});

describe('a worker of an application with configured modules, factories and abstract classes', () => {
  it('has the same dependencies as the application, without any configuration', async () => {
    const app = await start(AppModule);
    const report = await app.get(ReportService).report(5);
    expect(report).toBe('row 5 of 3, open, feature 7, tax 19');
  });

  it('builds only what handlers need, and starts nothing else', async () => {
    const app = await start(AppModule);
    await expect(app.get(ReportService).made()).resolves.toEqual([
      'Connection',
      'StorageModule.onModuleInit',
    ]);
  });

  it('explains what it builds, and why', async () => {
    const app = await start(AppModule);
    const explanation = await app.get(AsyncerMpService).explain(ReportService);
    expect(explanation.injection).toBe('application');
    expect(explanation.reasons.join('\n')).toContain('takes Repository');
    expect(String(explanation).split('\n')).toEqual([
      'built from: application',
      'ReportService (class, of AppModule)',
      '  Repository (class, of StorageModule)',
      '    Connection (factory, of StorageModule)',
      '      Settings (factory, of SettingsModule)',
      '    Settings (factory, of SettingsModule)',
      "  'TAX' (value, of AppModule)",
    ]);
  });
});

describe('the options for workers', () => {
  it('setup runs before the providers are built, and include adds what only moduleRef.get() and discovery find', async () => {
    const app = await start(IncludingModule);
    await expect(app.get(PluginHost).names()).resolves.toBe('hello plugin! Plugin');
  });

  it('root gives workers a dynamic root module, and a late @CpuTaskHost() changes a part of it', async () => {
    const app = await start(OverriddenModule.register('blue'));
    await expect(app.get(Overridden).measure()).resolves.toBe('1 red');
  });
});

describe('a handler whose dependency is request-scoped', () => {
  it('has an instance of its own for each task', async () => {
    const app = await start(RequestScopedModule);
    const mp = app.get(AsyncerMpService);
    const run = () => mp.run(RequestScopedService, 'serial', []);
    expect([await run(), await run()]).toEqual(['undefined 1 true', 'undefined 2 true']);
  });

  it("has one with isolation: 'inline' as well, also behind calls on the instance of a request", async () => {
    const app = await start(RequestScopedInlineModule);
    const mp = app.get(AsyncerMpService);
    const run = () => mp.run(RequestScopedService, 'serial', []);
    const ofRequest = await app.resolve(RequestScopedService);
    const serials = [await run(), await run(), await ofRequest.serial()];
    expect(new Set(serials).size).toBe(3);
    for (const serial of serials) {
      expect(serial).toMatch(/^undefined \d+ false$/);
    }
  });
});

describe('an instance that the application fills after it was built', () => {
  it('is named in a warning before the first task', async () => {
    const logger = new RecordingLogger();
    const app = await start(FilledLaterModule, logger);
    app.get(Rates).factors = { GBX: 0.01 };
    await app.get(Calculator).value(2_000);
    const warnings = logger.with('Rates.');
    expect(warnings).toMatchObject([{ level: 'warn' }]);
    expect(warnings[0]?.message).toContain(
      'Rates.factors holds something in the application and nothing in workers',
    );
  });

  it('is named as well if a test replaced it by another one of the same class', async () => {
    const logger = new RecordingLogger();
    const testing = await Test.createTestingModule({ imports: [FilledLaterModule] })
      .overrideProvider(Rates)
      .useValue(new Rates())
      .setLogger(logger)
      .compile();
    applications.push(await testing.init());
    await testing.get(Calculator).value(2_000);
    expect(logger.with('Rates is a value (Rates) in the application')).toMatchObject([
      { level: 'warn' },
    ]);
  });

  it('is not mentioned if handlers find the same in a worker', async () => {
    const logger = new RecordingLogger();
    const app = await start(FilledLaterModule, logger);
    await app.get(Calculator).value(2_000);
    expect(logger.with('Rates')).toEqual([]);
  });

  it('is not mentioned if it is of Nest itself, as the ModuleRef of each module', async () => {
    const logger = new RecordingLogger();
    const app = await start(IncludingModule, logger);
    // It keeps where it found a provider.
    app.select(IncludingModule).get(ModuleRef).get(Plugin, { strict: false });
    await app.get(PluginHost).names();
    expect(logger.with('nothing in workers')).toEqual([]);
  });
});

describe('the root module', () => {
  const clusterMain = fileURLToPath(
    new URL('../.fixtures/application/cluster.main.js', import.meta.url),
  );

  it('is found in a child of a cluster, whose workers fork nothing', async () => {
    await expect(outputOf(clusterMain)).resolves.toBe('forks\nhello child, worker\nexit 0\n');
  });

  it('is found in a child of a cluster that runs a bundle, whose workers fork nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'asyncermp-cluster-'));
    try {
      const file = join(folder, 'main.mjs');
      await build({
        input: clusterMain,
        platform: 'node',
        // Packages of Nest that are not installed here.
        external: /^(@nestjs\/(microservices|websockets)|class-transformer|class-validator)/,
        output: { file, format: 'esm', codeSplitting: false },
        logLevel: 'silent',
      });
      await expect(outputOf(file)).resolves.toBe('forks\nhello child, worker\nexit 0\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of a testing module is built in workers of what that imports', async () => {
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    applications.push(await testing.init());
    await expect(testing.get(ReportService).report(5)).resolves.toBe(
      'row 5 of 3, open, feature 7, tax 19',
    );
  });

  it('is found by the entry file if no file exports it, which opens no port and forks nothing in a worker', async () => {
    const main = fileURLToPath(
      new URL('../.fixtures/application/unexported.main.js', import.meta.url),
    );
    await expect(outputOf(main)).resolves.toBe('hello entry, worker\n');
  });

  it('is asked for in the error if nothing exports it, with the ways to give it', async () => {
    const { HiddenService } = await import('../.fixtures/application/hidden.service.js');
    const { AsyncerMpModule } = await import('nestjs-asyncermp');
    class HiddenModule {}
    const error: unknown = await start({
      module: HiddenModule,
      imports: [AsyncerMpModule.forRoot(1)],
      providers: [HiddenService, { provide: 'TOKEN', useValue: 1 }],
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain("takes 'TOKEN'");
    expect((error as Error).message).toContain('cannot import its root module HiddenModule');
    expect((error as Error).message).toContain('root: () => HiddenModule');
  });
});

describe('an application whose workers cannot build the providers', () => {
  it("does not start, and the one error has Nest's reason", async () => {
    const logger = new RecordingLogger();
    const error: unknown = await start(UnbuildableModule, logger).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain("Nest can't resolve dependencies of the");
    expect(logger.entries.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});
