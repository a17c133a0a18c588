import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { AsyncerMpService, TaskSerializationError } from 'nestjs-asyncermp';
import { ClsServiceManager } from 'nestjs-cls';
import { describe, expect, it } from 'vitest';
import { ClsAppModule, ClsInlineModule, ClsReader } from './.fixtures/context/cls.module.js';
import { closeLater } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

const cls = ClsServiceManager.getClsService();

async function start(root: unknown) {
  const app = await NestFactory.createApplicationContext(root as never, {
    logger: false,
    abortOnError: false,
  });
  return closeLater(app);
}

describe('clsContext()', () => {
  it('gives a handler the id and the values of the HTTP request that calls it, without the request', async () => {
    const app = closeLater(
      await NestFactory.create(ClsAppModule as never, { logger: false, abortOnError: false }),
    );
    const server = (await app.listen(0)) as { address(): AddressInfo };
    const response = await fetch(`http://localhost:${server.address().port}/seen`);
    expect(await response.json()).toEqual({
      isInWorker: true,
      id: 'visit 7',
      user: { name: 'Ada' },
      hasRequest: false,
      keys: ['user', 'Symbol(CLS_ID)'],
      hadRequest: true,
    });
  });

  it('leaves a handler without a context if its caller has none', async () => {
    const app = await start(ClsAppModule);
    expect(await app.get(ClsReader).seen()).toMatchObject({ isInWorker: true, keys: undefined });
  });

  it.each([
    ['a worker', ClsAppModule],
    ['isolation inline', ClsInlineModule],
  ] as const)('gives what was in the store at the call, in %s', async (_, root) => {
    const app = await start(root);
    const mp = app.get(AsyncerMpService);
    await mp.pause();
    const seen = cls.run(() => {
      cls.set('user', { name: 'Ada' });
      const task = app.get(ClsReader).seen();
      cls.set('later', 1);
      return task;
    });
    await mp.resume();
    expect(await seen).toMatchObject({ user: { name: 'Ada' }, id: undefined, keys: ['user'] });
  });

  it('refuses a value that cannot be cloned by its key, unless it is omitted', async () => {
    const app = await start(ClsAppModule);
    await cls.run(async () => {
      cls.set('connection', { end: () => {} });
      expect(await app.get(ClsReader).seen()).toMatchObject({ keys: [] });
      cls.set('user', { save: () => {} });
      const error = await rejectionOf(app.get(ClsReader).seen());
      expect(error).toBeInstanceOf(TaskSerializationError);
      expect(error).toMatchObject({ path: 'context.cls.user.save' });
    });
  });
});
