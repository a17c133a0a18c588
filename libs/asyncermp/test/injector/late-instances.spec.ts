import { threadId } from 'node:worker_threads';
import type { INestApplication, Provider } from '@nestjs/common';
import { LazyModuleLoader, ModuleRef, NestFactory } from '@nestjs/core';
import { AsyncerMpModule, AsyncerMpService, ConfigurationError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import {
  Guard,
  LateController,
  LateModule,
  LazyKnownModule,
  LazyModule,
  LoggedRenderer,
  Passing,
  PerRequest,
  RenderersModule,
  ReplacedRenderer,
  SelectingModule,
  Singleton,
  TimedRenderer,
  UnregisteredRenderer,
  Unlisted,
} from '../.fixtures/application/late.modules.js';
import { closeLater } from '../support/application.js';
import { rejectionOf } from '../support/outcomes.js';

async function start(root: unknown): Promise<INestApplication> {
  const app = closeLater(
    await NestFactory.create(root as never, { logger: false, abortOnError: false }),
  );
  return app.init();
}

async function refusalOf(call: Promise<unknown>): Promise<string> {
  const error = await rejectionOf(call);
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as Error).message;
}

describe('a handler called on an instance that Nest made after the start', () => {
  it('runs in a worker if resolve() made it, of a transient or a request-scoped class', async () => {
    const app = await start(LateModule);
    const one = await app.resolve(Passing);
    expect(await app.resolve(Passing)).not.toBe(one);
    expect(await one.where()).not.toBe(threadId);
    expect(await (await app.resolve(PerRequest)).where()).not.toBe(threadId);
    expect(await (await app.resolve(LateController)).where()).not.toBe(threadId);
    await expect(app.get(AsyncerMpService).drain()).resolves.toBeUndefined();
    expect(app.get(AsyncerMpService).stats().completed).toBe(3);
  });

  it('runs in a worker if ModuleRef.create() made it, of a class that a module provides', async () => {
    const app = await start(LateModule);
    const made = await app.get(ModuleRef).create(Singleton);
    expect(made).not.toBe(app.get(Singleton));
    expect(await made.where()).not.toBe(threadId);
  });

  it('runs in a worker on the controller and the providers of a request, and is refused on what a factory made', async () => {
    const app = await start(LateModule);
    await app.listen(0, '127.0.0.1');
    const response = await fetch(`${await app.getUrl()}/late`);
    const [own, provider, selected, other] = (await response.json()) as unknown[];
    expect([own, provider, selected]).toEqual([
      expect.any(Number),
      expect.any(Number),
      expect.any(Number),
    ]);
    expect([own, provider, selected]).not.toContain(threadId);
    expect(other).toContain("PerRequest.where was called on the instance of 'OTHER'");
  });

  it('is refused if ModuleRef.create() made it, of a class that no module provides', async () => {
    const app = await start(LateModule);
    const made = await app.get(ModuleRef).create(Unlisted);
    const text = await refusalOf(made.where());
    expect(text).toContain('Unlisted.where was called on an instance that Nest made');
    expect(text).toContain('workers do not know Unlisted');
    expect(text).toContain('ModuleRef.create()');
    expect(text).toContain('Provide it in a module that the root module imports');
  });

  it('is refused if LazyModuleLoader made it, of a class, a factory or a value', async () => {
    const app = await start(LateModule);
    const lazy = await app.get(LazyModuleLoader).load(() => LazyModule);
    await expect(refusalOf(lazy.get(Unlisted).where())).resolves.toContain('LazyModuleLoader');
    await expect(refusalOf(lazy.get<Unlisted>('UNLISTED_VALUE').where())).resolves.toContain(
      'workers do not know Unlisted',
    );
    for (const token of ['OTHER_SINGLETON', 'SINGLETON_VALUE']) {
      await expect(refusalOf(lazy.get<Singleton>(token).where())).resolves.toContain(
        `Singleton.where was called on the instance of '${token}'`,
      );
    }
  });

  it('is refused also if LazyModuleLoader made it before the application was initialised', async () => {
    const app = closeLater(await NestFactory.create(LateModule, { logger: false }));
    const lazy = await app.get(LazyModuleLoader).load(() => LazyModule);
    await expect(refusalOf(lazy.get(Unlisted).where())).resolves.toContain('LazyModuleLoader');
    expect(await app.get(Singleton).where()).not.toBe(threadId);
  });

  it('runs in a worker if LazyModuleLoader made it, of a class that another module provides', async () => {
    const app = await start(LateModule);
    const lazy = await app.get(LazyModuleLoader).load(() => LazyKnownModule);
    expect(lazy.get(Singleton)).not.toBe(app.get(Singleton));
    expect(await lazy.get(Singleton).where()).not.toBe(threadId);
  });

  it('is refused on a guard, which is neither a provider nor a controller', async () => {
    const app = await start(LateModule);
    await app.listen(0, '127.0.0.1');
    await fetch(`${await app.getUrl()}/late/guarded`);
    const guard = app.get(Guard);
    expect(guard.error).toBeInstanceOf(ConfigurationError);
    expect((guard.error as Error).message).toContain('workers do not know Guard');
  });

  it('runs in the calling thread if the code made it with new, beside an application', async () => {
    await start(LateModule);
    await expect(new Singleton().where()).resolves.toBe(threadId);
    await expect(new Unlisted().where()).resolves.toBe(threadId);
  });

  it('runs on the instance of the application if tasks run inline', async () => {
    const app = await start({
      module: class InlineModule {},
      imports: [AsyncerMpModule.forRoot({ maxProcesses: 1, isolation: 'inline' })],
      providers: [Passing],
    });
    await expect((await app.resolve(Passing)).where()).resolves.toBe(threadId);
    await expect(app.get(AsyncerMpService).drain()).resolves.toBeUndefined();
    expect(app.get(AsyncerMpService).stats().completed).toBe(1);
  });

  it('rejects after the application was closed, as on any other instance', async () => {
    const app = await start(LateModule);
    const made = await app.resolve(Passing);
    await app.close();
    await expect(made.where()).rejects.toMatchObject({ name: 'ShutdownError' });
  });
});

describe('an override without @CpuTask() that calls super.method()', () => {
  it("runs the parent's method in a worker on the subclass's instance, if @CpuTaskHost() registers it", async () => {
    const app = await start(RenderersModule);
    const text = await app.get(LoggedRenderer).render('page');
    expect(text).toMatch(/^logged: page by LoggedRenderer in \d+$/);
    expect(text).not.toContain(` in ${threadId}`);
    expect(app.get(AsyncerMpService).stats().completed).toBe(1);
  });

  it('is a part of the task in a worker if a decorated override calls it', async () => {
    const app = await start(RenderersModule);
    const text = await app.get(TimedRenderer).render('page');
    expect(text).toMatch(/^timed (\d+): logged: page by TimedRenderer in \1$/);
    expect(app.get(AsyncerMpService).stats().completed).toBe(1);
  });

  it('finds the nearest handler above an undecorated override between them', async () => {
    const app = await start(RenderersModule);
    const text = await app.get(TimedRenderer).plain('page');
    expect(text).toMatch(/^logged: page by TimedRenderer in \d+$/);
    expect(text).not.toContain(` in ${threadId}`);
  });

  it('is refused with the way to register the class otherwise', async () => {
    const app = await start(RenderersModule);
    const text = await refusalOf(app.get(UnregisteredRenderer).render('page'));
    expect(text).toContain('UnregisteredRenderer overrides the handler render without @CpuTask()');
    expect(text).toContain('@CpuTaskHost() above the other decorators of UnregisteredRenderer');
  });

  it('is no concern of an override that calls nothing, which is no handler', async () => {
    const app = await start(RenderersModule);
    await expect(app.get(ReplacedRenderer).render('page')).resolves.toBe(`page in ${threadId}`);
  });

  it('leaves the submission by class or name to the method of the class itself', async () => {
    const app = await start(RenderersModule);
    const mp = app.get(AsyncerMpService);
    await expect(mp.run(LoggedRenderer, 'render', ['page'])).rejects.toThrow(
      'LoggedRenderer.render is not a handler',
    );
    await expect(mp.run('LoggedRenderer.super.render', ['page'])).rejects.toThrow(
      'is not a handler',
    );
    await expect(mp.run(TimedRenderer, 'render', ['page'])).resolves.toMatch(/^timed/);
  });
});

describe('a factory or a value of a class with handlers', () => {
  it('works if the factory selects the instance that Nest built', async () => {
    const app = await start(SelectingModule);
    expect(await app.get<Singleton>('STRATEGY').where()).not.toBe(threadId);
    expect(await app.get<Singleton>('ALIAS').where()).not.toBe(threadId);
    const { injection } = await app.get(AsyncerMpService).explain(Singleton);
    expect(injection).toBe('handlers');
  });

  it.each<[string, string, Provider]>([
    ['factory makes', 'The factory', { provide: 'STRATEGY', useFactory: () => new Singleton() }],
    ['value is', 'The value', { provide: 'STRATEGY', useValue: new Singleton() }],
  ])('is refused at the start if the %s another instance', async (_what, subject, provider) => {
    const text = await refusalOf(
      start({
        module: class OtherInstanceModule {},
        imports: [AsyncerMpModule.forRoot(1)],
        providers: [Singleton, provider],
      }),
    );
    expect(text).toContain(`${subject} of 'STRATEGY' in OtherInstanceModule`);
    expect(text).toContain('another instance of Singleton than that of Singleton');
    expect(text).toContain('useExisting: Singleton');
  });
});
