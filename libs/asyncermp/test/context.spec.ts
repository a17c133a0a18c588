import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  alsContext,
  AsyncerMpModule,
  AsyncerMpService,
  ConfigurationError,
  TaskSerializationError,
  type TaskContext,
} from 'nestjs-asyncermp';
import { AsyncerMpTestingModule } from 'nestjs-asyncermp/testing';
import { describe, expect, it } from 'vitest';
import {
  contexts,
  ContextService,
  flags,
  GraphModule,
  InlineModule,
  LightModule,
  MainOnlyModule,
  RequestModule,
  RequestReader,
  tenants,
  visits,
} from './.fixtures/context/als.module.js';
import { closeLater } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

const open = async (root: unknown): Promise<INestApplicationContext> =>
  closeLater(
    await NestFactory.createApplicationContext(root as never, {
      logger: false,
      abortOnError: false,
    }),
  );

async function start(root: unknown) {
  const app = await open(root);
  return { app, mp: app.get(AsyncerMpService), service: app.get(ContextService) };
}

describe.each([
  ['in a worker that builds classes alone', LightModule, true],
  ["in a worker with the application's modules", GraphModule, true],
  ['with isolation inline', InlineModule, false],
] as const)('the context of a call, %s', (_, root, inWorker) => {
  it('is there in the handler of a decorated method, of run() and of submit()', async () => {
    const { mp, service } = await start(root);
    expect(await service.isInWorker()).toBe(inWorker);
    const called = visits.run({ id: 'a', user: { name: 'Ada' } }, () => service.seen());
    const run = visits.run({ id: 'b' }, () => mp.run(ContextService, 'seen', []));
    const handle = await visits.run({ id: 'c' }, () => mp.submit(ContextService, 'seen', []));
    const seen = await Promise.all([called, run, handle.result]);
    expect(seen.map(({ visit }) => visit)).toEqual([
      { id: 'a', user: { name: 'Ada' } },
      { id: 'b' },
      { id: 'c' },
    ]);
  });

  it('is there in every task of a map(), however the loop is read', async () => {
    const { mp } = await start(root);
    const labels = visits.run({ id: 'a' }, () =>
      mp.map(ContextService, 'label', [[1], [2], [3], [4], [5]], { chunk: 2, concurrency: 1 }),
    );
    const found: string[] = [];
    for await (const label of labels) {
      found.push(label);
      await visits.run({ id: 'another' }, async () => {});
    }
    expect(found).toEqual(['1 of a', '2 of a', '3 of a', '4 of a', '5 of a']);
  });

  it('is there in each item of a map() that settles', async () => {
    const { mp } = await start(root);
    const outcomes = visits.run({ id: 'a' }, () =>
      mp.map(ContextService, 'label', [[1], [2]], { chunk: 2, settle: true }),
    );
    for await (const outcome of outcomes) {
      expect(outcome).toMatchObject({ value: `${outcome.index + 1} of a` });
    }
  });

  it('is the same in every attempt, whatever the attempts before did to theirs', async () => {
    const { service } = await start(root);
    expect(await visits.run({ id: 'a' }, () => service.seenByThird())).toMatchObject({
      visit: { id: 'a' },
    });
  });

  it('consists of several contexts, restored from the outermost to the innermost', async () => {
    const { service } = await start(root);
    const seen = visits.run({ id: 'a' }, () =>
      tenants.run('acme', () => flags.run(new Map([['flag', 7]]), () => service.seen())),
    );
    expect(await seen).toEqual({ visit: { id: 'a' }, tenant: 'acme', flag: 7 });
    expect(await service.order()).toContain('tenant, visit a');
  });

  it('is none for a call without one, also behind a task that has one', async () => {
    const { service } = await start(root);
    const [first, second] = await Promise.all([
      visits.run({ id: 'a' }, () => tenants.run(null, () => service.seen())),
      service.seen(),
    ]);
    expect(first).toMatchObject({ visit: { id: 'a' }, tenant: null });
    expect(second).toEqual({ visit: undefined, tenant: undefined, flag: undefined });
  });

  it('is a copy: what a handler writes into it does not reach the caller', async () => {
    const { service } = await start(root);
    const visit = { id: 'a' };
    expect(await visits.run(visit, () => service.change('b'))).toBe('b');
    expect(visit).toEqual({ id: 'a' });
  });

  it('is that of the call, although the caller changes it before the task runs', async () => {
    const { service, mp } = await start(root);
    await mp.pause();
    const visit = { id: 'a', user: 'Ada' };
    const map = new Map([['flag', 1]]);
    const seen = visits.run(visit, () => flags.run(map, () => service.seen()));
    visit.user = 'Bob';
    map.set('flag', 2);
    await mp.resume();
    expect(await seen).toMatchObject({ visit: { id: 'a', user: 'Ada' }, flag: 1 });
  });

  it('that cannot be cloned rejects the call with its name and path, and submits nothing', async () => {
    const { service, mp } = await start(root);
    const before = mp.stats();
    const reject = (user: unknown) =>
      visits.run({ id: 'a', user }, () => rejectionOf(service.seen()));
    const error = await reject({ save: () => {} });
    expect(error).toBeInstanceOf(TaskSerializationError);
    expect(error).toMatchObject({
      path: 'context.visit.user.save',
      handler: 'ContextService.seen',
    });
    const unnamed = flags.run(new Map([['f', Symbol('f')]]), () => rejectionOf(service.seen()));
    expect(await unnamed).toMatchObject({ path: 'context[2].get("f")' });
    const ofMap = async (): Promise<void> => {
      for await (const label of mp.map(ContextService, 'label', [[1]])) {
        expect(label).toBeUndefined();
      }
    };
    expect(await visits.run({ id: 'a', user: () => {} }, () => rejectionOf(ofMap()))).toMatchObject(
      { path: 'context.visit.user' },
    );
    expect(mp.stats()).toEqual(before);
    expect(await visits.run({ id: 'b' }, () => service.seen())).toMatchObject({
      visit: { id: 'b' },
    });
  });
});

describe('the context of a call, where things go wrong', () => {
  it('is there in the attempt after a crash of the worker', async () => {
    const { service } = await start(LightModule);
    const seen = visits.run({ id: 'a' }, () => service.seenAfterCrash());
    expect(await seen).toMatchObject({ visit: { id: 'a' } });
  });

  it('keeps the application from starting if a worker has other contexts', async () => {
    const error = await rejectionOf(open(MainOnlyModule));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(
      'has the contexts 0 in the application, and none in a worker',
    );
  });

  it('rejects the call if capture() throws, and fails the attempt if restore() throws', async () => {
    let isBroken = true;
    const fragile: TaskContext<string> = {
      capture() {
        if (isBroken) {
          throw new RangeError('no capture');
        }
        return 'sent';
      },
      restore() {
        throw new RangeError('no restore');
      },
    };
    const { service } = await start({
      module: class AppModule {},
      imports: [
        AsyncerMpModule.forRoot({ maxProcesses: 1, isolation: 'inline', context: [fragile] }),
      ],
      providers: [ContextService],
    });
    expect(await rejectionOf(service.seen())).toMatchObject({ message: 'no capture' });
    isBroken = false;
    expect(await rejectionOf(service.seen())).toMatchObject({ message: 'no restore' });
  });
});

describe('REQUEST in the dependencies of a request-scoped handler', () => {
  it('is what the context of the task gives, and undefined without one', async () => {
    const app = await open(RequestModule);
    const reader = app.get(AsyncerMpService);
    const read = () => reader.run(RequestReader, 'tenant', []);
    const both = [tenants.run('acme', read), tenants.run('emca', read), read()];
    expect(await Promise.all(both)).toEqual(['acme, true', 'emca, true', undefined]);
  });
});

describe('two applications in one process', () => {
  it('restore their own contexts, although both run inline in the same thread', async () => {
    const withContext = await start(InlineModule);
    const without = await start({
      module: class AppModule {},
      imports: [AsyncerMpModule.forRoot({ maxProcesses: 1, isolation: 'inline' })],
      providers: [ContextService],
    });
    await visits.run({ id: 'a' }, async () => {
      expect(await withContext.service.seen()).toMatchObject({ visit: { id: 'a' } });
      expect(await without.service.seen()).toMatchObject({ visit: undefined });
    });
  });
});

describe('an inline attempt that waited in the queue', () => {
  it('does not run in the asynchronous context of the task before it', async () => {
    const { service } = await start({
      module: class AppModule {},
      imports: [AsyncerMpModule.forRoot({ maxProcesses: 1, isolation: 'inline' })],
      providers: [ContextService],
    });
    const first = visits.run({ id: 'a' }, () => service.seen());
    const second = visits.run({ id: 'b' }, () => service.seen());
    expect(await Promise.all([first, second])).toMatchObject([
      { visit: undefined },
      { visit: undefined },
    ]);
  });
});

describe('AsyncerMpTestingModule', () => {
  it('restores the contexts that it is given', async () => {
    const { service } = await start({
      module: class AppModule {},
      imports: [AsyncerMpTestingModule.forRoot({ context: contexts })],
      providers: [ContextService],
    });
    expect(await visits.run({ id: 'a' }, () => service.seen())).toMatchObject({
      visit: { id: 'a' },
    });
  });
});

describe('the option context', () => {
  it.each([
    ['no array', {}],
    ['no context', [{ capture: () => 1 }]],
    ['a name that is no text', [{ ...alsContext(visits), name: 7 }]],
    ['the same name twice', [alsContext(visits, 'a'), alsContext(tenants, 'a')]],
    ['a name that is the index of another', [alsContext(visits), alsContext(tenants, '0')]],
  ])('refuses %s', (_, context) => {
    expect(() => AsyncerMpModule.forRoot({ context: context as never })).toThrow(
      ConfigurationError,
    );
    const later = { useFactory: () => ({}), context: context as never };
    expect(() => AsyncerMpModule.forRootAsync(later)).toThrow('context takes an array of contexts');
  });
});
