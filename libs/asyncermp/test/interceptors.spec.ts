import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AsyncerMpModule, AsyncerMpService, TaskSerializationError } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { INTERCEPTORS } from '../dist/asyncermp.tokens.js';
import type { TaskInterceptor } from '../dist/contract/interceptor.js';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { trace, TracedService } from './.fixtures/traced.service.js';
import { startApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

describe.each(['threads', 'inline'] as const)('interceptors, with isolation %s', (isolation) => {
  const start = () => startApplication({ options: { isolation }, providers: [TracedService] });

  it('carry headers from the call to the attempt', async () => {
    const { get, mp } = await start();
    const traced = get(TracedService);
    expect(await trace.run('a', () => traced.current())).toBe('a');
    expect(await trace.run('b', () => mp.run(TracedService, 'current', []))).toBe('b');
    const handle = await trace.run('c', () => mp.submit(TracedService, 'current', []));
    expect(await handle.result).toBe('c');
  });

  it('carry the headers of a map() to each of its tasks', async () => {
    const { mp } = await start();
    const results = trace.run('d', () =>
      mp.map(TracedService, 'current', [[], [], []], { chunk: 2 }),
    );
    const traces: unknown[] = [];
    for await (const result of results) {
      traces.push(result);
    }
    expect(traces).toEqual(['d', 'd', 'd']);
  });

  it('send no headers if none are added', async () => {
    const { get } = await start();
    expect(await get(TracedService).current()).toBeUndefined();
  });

  it('see every attempt of a task, with the same headers', async () => {
    const { get } = await start();
    expect(await trace.run('e', () => get(TracedService).failOnce())).toBe('e');
    const seen = await get(TracedService).seen();
    expect(seen.filter((entry) => entry.startsWith('TracedService.failOnce'))).toEqual([
      'TracedService.failOnce #1',
      'TracedService.failOnce #2',
    ]);
  });
});

describe('interceptors of an application', () => {
  async function startWith(...interceptors: TaskInterceptor[]) {
    class App {}
    Module({
      imports: [AsyncerMpModule.forRoot(1)],
      providers: [AdderService, SquareService, CalcService],
    })(App);
    const app = await Test.createTestingModule({ imports: [App] })
      .overrideProvider(INTERCEPTORS)
      .useValue(interceptors)
      .compile();
    await app.init();
    return { app, mp: app.get(AsyncerMpService), calc: app.get(CalcService) };
  }

  it('wrap each other in their order, and see handler, arguments and options', async () => {
    const order: string[] = [];
    const outer: TaskInterceptor = {
      submit(input, next) {
        order.push(`outer ${input.handler} ${JSON.stringify(input.args)} ${input.options?.uid}`);
        return next({ ...input, headers: { by: 'outer' } });
      },
    };
    const inner: TaskInterceptor = {
      submit(input, next) {
        order.push(`inner, headers of ${String(input.headers?.['by'])}`);
        return next(input);
      },
    };
    const { app, mp } = await startWith(outer, inner);
    expect(await mp.run(CalcService, 'square', [3], { uid: 'sum' })).toBe(9);
    expect(order).toEqual(['outer CalcService.square [3] sum', 'inner, headers of outer']);
    await app.close();
  });

  it('may cancel a task by a signal of their own', async () => {
    const controller = new AbortController();
    const { app, calc } = await startWith({
      submit: (input, next) => next({ ...input, signals: [controller.signal] }),
    });
    controller.abort('by the interceptor');
    expect(await rejectionOf(calc.square(3))).toMatchObject({ cause: 'by the interceptor' });
    await app.close();
  });

  it('reject the call that they throw at, and no other', async () => {
    let isFirst = true;
    const { app, calc } = await startWith({
      submit(input, next) {
        if (isFirst) {
          isFirst = false;
          throw new RangeError('not this one');
        }
        return next(input);
      },
    });
    expect(await rejectionOf(calc.square(3))).toBeInstanceOf(RangeError);
    expect(await calc.square(3)).toBe(9);
    await app.close();
  });

  it('fail only the task whose headers cannot be cloned, with their path', async () => {
    const { app, mp, calc } = await startWith({
      submit: (input, next) =>
        next(input.options?.uid === 'bad' ? { ...input, headers: { open: () => {} } } : input),
    });
    const [bad, good] = await Promise.allSettled([
      mp.run(CalcService, 'square', [3], { uid: 'bad' }),
      calc.square(3),
    ]);
    expect(bad).toMatchObject({
      reason: expect.any(TaskSerializationError) as unknown,
      status: 'rejected',
    });
    expect((bad as PromiseRejectedResult).reason).toMatchObject({ path: 'headers.open' });
    expect(good).toEqual({ status: 'fulfilled', value: 9 });
    await app.close();
  });
});
