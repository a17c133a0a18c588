import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  DynamicModule,
  INestApplicationContext,
  OnModuleInit,
  Provider,
} from '@nestjs/common';
import { DiscoveryModule, ModuleRef, NestFactory } from '@nestjs/core';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { HandlerExplorer } from '../../src/handlers/handler.explorer.js';
import { handlersOf } from '../../src/injection/handler-registry.js';
import {
  AuthGuard,
  Egg,
  Hen,
  Mailer,
  ReportController,
  TransientService,
} from '../.fixtures/handlers/dependent.services.js';
import { Circle } from '../.fixtures/handlers/shapes.js';
import { CodecService, ThumbnailService } from '../.fixtures/handlers/thumbnail.service.js';

class App {}

const applications: INestApplicationContext[] = [];

function moduleOf(providers: Provider[], rest: Partial<DynamicModule> = {}): DynamicModule {
  return {
    module: App,
    ...rest,
    imports: [DiscoveryModule, ...(rest.imports ?? [])],
    providers: [HandlerExplorer, ...providers],
  };
}

async function start(module: DynamicModule): Promise<INestApplicationContext> {
  const application = await NestFactory.createApplicationContext(module, {
    logger: false,
    abortOnError: false,
  });
  applications.push(application);
  return application;
}

afterEach(async () => {
  for (const application of applications.splice(0)) {
    await application.close();
  }
});

describe('the handlers of an application', () => {
  it('are those of its providers and controllers, once each, in a stable order', async () => {
    const module = moduleOf([CodecService, ThumbnailService, Hen, Egg, Mailer, AuthGuard], {
      controllers: [ReportController],
      imports: [{ module: class Other {}, providers: [CodecService, ThumbnailService] }],
    });
    module.providers?.push({ provide: 'SECRET', useValue: 'x' });
    const explorer = (await start(module)).get(HandlerExplorer);
    expect(explorer.handlers.map(({ name }) => name)).toEqual([
      'ThumbnailService.thumbnail',
      'hash',
      'Hen.run',
      'ReportController.report',
    ]);
    expect(explorer.manifest).toEqual({
      files: [
        handlersOf(ThumbnailService)[0]?.file,
        new URL('../.fixtures/handlers/dependent.services.js', import.meta.url).href,
      ],
      handlers: explorer.handlers.map(({ name }) => name),
    });
    expect(explorer.handlers).toBe(explorer.handlers);
  });

  it('do not include those of classes that the application does not provide', async () => {
    const explorer = (await start(moduleOf([Circle]))).get(HandlerExplorer);
    expect(explorer.handlers.map(({ name }) => name)).toEqual(['Circle.area']);
  });

  it('include the class behind a token, and an alias adds none', async () => {
    const explorer = (
      await start(
        moduleOf([
          { provide: 'SHAPE', useClass: Circle },
          { provide: 'ALIAS', useExisting: 'SHAPE' },
        ]),
      )
    ).get(HandlerExplorer);
    expect(explorer.handlers).toEqual(handlersOf(Circle));
  });

  it('include those of instances from a factory and of values', async () => {
    const value = new Circle();
    const application = await start(
      moduleOf([
        { provide: 'A', useFactory: async () => new ThumbnailService(new CodecService()) },
        { provide: 'B', useValue: value },
      ]),
    );
    const explorer = application.get(HandlerExplorer);
    expect(explorer.handlers).toEqual([...handlersOf(ThumbnailService), ...handlersOf(Circle)]);
    expect(explorer.originOf(application.get('A'))).toEqual({ kind: 'class' });
    expect(explorer.originOf(value)).toEqual({ kind: 'class' });
  });

  it('do not include those of a class that a test overrides', async () => {
    const module = await Test.createTestingModule({ imports: [moduleOf([Circle])] })
      .overrideProvider(Circle)
      .useValue({ area: async () => 'none' })
      .compile();
    applications.push(module);
    expect(module.get(HandlerExplorer).handlers).toEqual([]);
  });

  it('are known before the other modules are initialised', async () => {
    const seen: unknown[] = [];
    class Early implements OnModuleInit {
      constructor(readonly explorer: HandlerExplorer) {
        seen.push(explorer.handlers.length);
      }

      onModuleInit(): void {
        seen.push(this.explorer.handlers.length);
      }
    }
    await start(
      moduleOf([
        {
          provide: Early,
          useFactory: (e: HandlerExplorer) => new Early(e),
          inject: [HandlerExplorer],
        },
        { provide: Circle, useFactory: () => nextTurn(new Circle()) },
      ]),
    );
    expect(seen).toEqual([1, 1]);
  });
});

describe('an instance', () => {
  it('is owned by the application whose container made it, and by no other', async () => {
    const one = await start(moduleOf([Circle]));
    const two = await start(moduleOf([Circle]));
    expect(one.get(HandlerExplorer).originOf(one.get(Circle))).toEqual({ kind: 'class' });
    expect(one.get(HandlerExplorer).originOf(two.get(Circle))).toBeUndefined();
    expect(one.get(HandlerExplorer).originOf(new Circle())).toBeUndefined();
  });

  it('is owned by the application that injected it as a transient provider', async () => {
    const application = await start(
      moduleOf([
        TransientService,
        { provide: 'USER', useFactory: (own: unknown) => ({ own }), inject: [TransientService] },
      ]),
    );
    const { own } = application.get<{ own: TransientService }>('USER');
    const explorer = application.get(HandlerExplorer);
    expect(explorer.originOf(own)).toEqual({ kind: 'class' });
    const [definition] = explorer.handlers;
    expect(definition && explorer.instanceOf(definition)).toBe(own);
  });

  it('is owned also if a provider had it made before the handlers were looked for', async () => {
    const made: unknown[] = [];
    class Early {}
    const application = await start(
      moduleOf([
        Circle,
        {
          provide: Early,
          useFactory: async (modules: ModuleRef, _explorer: HandlerExplorer) => {
            made.push(await modules.create(Circle));
            return new Early();
          },
          inject: [ModuleRef, HandlerExplorer],
        },
      ]),
    );
    const other = await start(moduleOf([Circle]));
    const [circle] = made as [Circle];
    expect(application.get(HandlerExplorer).originOf(circle)).toEqual({ kind: 'class' });
    expect(other.get(HandlerExplorer).originOf(circle)).toBeUndefined();
  });

  it('is owned as the proxy that an instrumentation wrapped around it', async () => {
    const application = await NestFactory.createApplicationContext(moduleOf([Circle]), {
      logger: false,
      instrument: {
        instanceDecorator: (instance: unknown) =>
          instance instanceof Circle ? new Proxy(instance, {}) : instance,
      },
    });
    applications.push(application);
    const explorer = application.get(HandlerExplorer);
    expect(explorer.handlers).toEqual(handlersOf(Circle));
    expect(explorer.originOf(application.get(Circle))).toEqual({ kind: 'class' });
  });
});

describe('the event emitter of an application', () => {
  it('is found by the name of its class', async () => {
    const application = await start(moduleOf([], { imports: [EventEmitterModule.forRoot()] }));
    expect(application.get(HandlerExplorer).eventEmitter()).toBe(application.get(EventEmitter2));
  });

  it('is undefined without the module', async () => {
    const application = await start(moduleOf([]));
    expect(application.get(HandlerExplorer).eventEmitter()).toBeUndefined();
  });
});
