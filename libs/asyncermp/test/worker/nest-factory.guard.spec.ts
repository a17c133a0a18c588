import { NestFactory as theirs } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import { NestFactoryGuard } from '../../src/worker/nest-factory.guard.js';

type NestFactory = typeof theirs;

/** A copy of NestFactory, as a bundle holds one. */
function copyOfNestFactory(): NestFactory {
  return Object.create(theirs) as NestFactory;
}

class App {}
const options = { logger: false } as const;

let inTask = false;

describe('the guard of NestFactory', () => {
  afterEach(() => {
    inTask = false;
  });

  function guarded(): { guard: NestFactoryGuard; factory: NestFactory } {
    const guard = new NestFactoryGuard(() => inTask);
    const factory = copyOfNestFactory();
    guard.protect(factory);
    return { guard, factory };
  }

  it.each(['create', 'createMicroservice', 'createApplicationContext'] as const)(
    'never resolves %s(), and regards the import that calls it as finished',
    async (creator) => {
      const { guard, factory } = guarded();
      let created = false;
      await guard.imported(async () => {
        await (factory[creator] as (...args: unknown[]) => Promise<unknown>)(App, options);
        created = true;
      });
      await new Promise(setImmediate);
      expect(created).toBe(false);
    },
  );

  it('waits for an import that boots nothing', async () => {
    const { guard } = guarded();
    let loaded = false;
    await guard.imported(async () => {
      await new Promise(setImmediate);
      loaded = true;
    });
    expect(loaded).toBe(true);
  });

  it('fails with the error that the import throws', async () => {
    const { guard } = guarded();
    await expect(guard.imported(() => Promise.reject(new TypeError('no')))).rejects.toThrow('no');
  });

  it('does not regard an import as finished because another one boots late', async () => {
    const { guard, factory } = guarded();
    let bootLate = (): void => undefined;
    await guard.imported(async () => {
      void new Promise<void>((resolve) => {
        bootLate = resolve;
      }).then(() => factory.createApplicationContext(App, options));
    });
    let loaded = false;
    await guard.imported(async () => {
      bootLate();
      await new Promise(setImmediate);
      loaded = true;
    });
    expect(loaded).toBe(true);
  });

  it('lets tasks and the worker itself build applications', async () => {
    const { guard, factory } = guarded();
    await (await guard.createApplicationContext(factory, App, options)).close();
    inTask = true;
    await (await factory.createApplicationContext(App, options)).close();
  });

  it('guards several copies of NestFactory', async () => {
    const { guard, factory } = guarded();
    const other = copyOfNestFactory();
    guard.protect(other);
    await (await guard.createApplicationContext(other, App, options)).close();
    await (await guard.createApplicationContext(factory, App, options)).close();
    await guard.imported(() => other.createApplicationContext(App, options));
  });

  it('is replaced by the guard of the next lease in the same thread', async () => {
    const { factory } = guarded();
    const next = new NestFactoryGuard(() => inTask);
    next.protect(factory);
    await (await next.createApplicationContext(factory, App, options)).close();
    await next.imported(() => factory.createApplicationContext(App, options));
  });
});
