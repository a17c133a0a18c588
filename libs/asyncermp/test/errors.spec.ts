import { HttpException, NotFoundException } from '@nestjs/common';
import { TaskEvent, TaskSerializationError, type TaskFailedEvent } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { FailingService } from './.fixtures/failing.service.js';
import { ListenerService } from './.fixtures/listener.service.js';
import { shareApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

const application = shareApplication({ providers: [FailingService, ListenerService] });
const failing = () => application().get(FailingService);

describe('what a handler throws reaches its caller', () => {
  it('with its class if it is a built-in error', async () => {
    const error = await rejectionOf(failing().type());
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'TypeError', message: 'x is not a function' });
  });

  it('with name, code, own properties and causes if the handler defines its class', async () => {
    const error = await rejectionOf(failing().own());
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'OutOfInkError',
      message: 'There is no cyan left',
      code: 'E_INK',
      colour: 'cyan',
      details: { tank: 3 },
    });
    const { cause } = error as Error;
    expect(cause).toBeInstanceOf(RangeError);
    expect(cause).toMatchObject({ message: 'the tank is empty', cause: { level: 0 } });
  });

  it('with its inner errors if it is an AggregateError', async () => {
    const error = await rejectionOf(failing().aggregate());
    expect(error).toBeInstanceOf(AggregateError);
    const { errors, message } = error as AggregateError;
    expect(message).toBe('both failed');
    expect(errors[0]).toBeInstanceOf(TypeError);
    expect(errors).toMatchObject([{ message: 'one' }, { name: 'OutOfInkError', colour: 'blue' }]);
  });

  it("with class, status and response if it is one of Nest's HTTP exceptions", async () => {
    const error = await rejectionOf(failing().notFound());
    expect(error).toBeInstanceOf(NotFoundException);
    const notFound = error as NotFoundException;
    expect(notFound.getStatus()).toBe(404);
    expect(notFound.getResponse()).toEqual({ message: 'no such picture', picture: 7 });
    const teapot = (await rejectionOf(failing().teapot())) as HttpException;
    expect(teapot).toBeInstanceOf(HttpException);
    expect(teapot.getStatus()).toBe(418);
    expect(teapot).toMatchObject({ message: 'short and stout', cause: { message: 'tea' } });
  });

  it('unchanged if it is null, a string or a plain object', async () => {
    await expect(rejectionOf(failing().nothing())).resolves.toBeNull();
    await expect(rejectionOf(failing().text())).resolves.toBe('text');
    await expect(rejectionOf(failing().plain())).resolves.toEqual({ status: 'bad' });
  });

  it('even if it cannot be converted to a string for the log', async () => {
    const error = await rejectionOf(failing().unprintable());
    expect(error).toEqual({ status: 'bad', toString: 'not a function' });
    await application().mp.drain();
  });

  it('even if it is thrown before the handler returns a promise', async () => {
    const error = await rejectionOf(failing().sync());
    expect(error).toBeInstanceOf(SyntaxError);
    expect(error).toMatchObject({ message: 'at once' });
  });

  it('with text in the place of what cannot be cloned', async () => {
    const error = await rejectionOf(failing().uncloneable());
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({
      message: 'with a function',
      tries: 3,
      retry: '[Function: retry]',
    });
    expect(String(await rejectionOf(failing().fn()))).toContain('[Function');
  });

  it('through run() and the result of a handle as through the method itself', async () => {
    const { mp } = application();
    await expect(mp.run(FailingService, 'type', [])).rejects.toBeInstanceOf(TypeError);
    const task = await mp.submit(FailingService, 'type', []);
    await expect(task.result).rejects.toBeInstanceOf(TypeError);
    expect(task.state).toBe('failed');
  });

  it('and reaches listeners as the same error object', async () => {
    const error = await rejectionOf(failing().own());
    expect(application().get(ListenerService).failed.at(-1)?.error).toBe(error);
  });
});

describe('the stack of an error', () => {
  it("starts with the worker's frames and continues with those of the callers", async () => {
    async function innerCaller(): Promise<unknown> {
      return await failing().deep();
    }
    async function outerCaller(): Promise<unknown> {
      return await innerCaller();
    }
    const { stack } = (await rejectionOf(outerCaller())) as Error;
    const at = (text: string) => stack?.indexOf(text) ?? -1;
    expect(stack).toMatch(/^Error: from the depths\n/);
    expect(stack).toContain('failing.service');
    expect(at('innerCaller')).toBeGreaterThan(at('failing.service'));
    expect(at('outerCaller')).toBeGreaterThan(at('innerCaller'));
    expect(stack).toContain('errors.spec');
  });

  it("continues with the callers' frames for run() and for the result of a handle", async () => {
    const { mp } = application();
    async function runCaller(): Promise<unknown> {
      return await mp.run(FailingService, 'deep', []);
    }
    async function resultCaller(): Promise<unknown> {
      const task = await mp.submit(FailingService, 'deep', []);
      return await task.result;
    }
    const ofRun = (await rejectionOf(runCaller())) as Error;
    expect(ofRun.stack).toMatch(/failing\.service[^]*runCaller/);
    const ofResult = (await rejectionOf(resultCaller())) as Error;
    expect(ofResult.stack).toMatch(/failing\.service[^]*resultCaller/);
  });

  it("ends with the handler's frame if no caller awaits the result", async () => {
    const failed = application().next<TaskFailedEvent>(TaskEvent.Failed);
    await application().mp.submit(FailingService, 'type', []);
    const { stack } = (await failed).error as Error;
    const frames = stack?.split('\n').slice(1);
    expect(frames).toEqual([expect.stringMatching(/FailingService\.type .*failing\.service/)]);
  });
});

describe('a value that cannot be cloned', () => {
  const unsendable: [what: string, args: unknown[], path: string][] = [
    ['a function', [{ user: { save: () => {} } }], 'args[0].user.save'],
    ['a function in an array', ['fine', [1, () => {}]], 'args[1][1]'],
    ['a symbol', [Symbol('s')], 'args[0]'],
    ['a promise', [{ later: Promise.resolve() }], 'args[0].later'],
    ['a value in a Map', [new Map([['key', () => {}]])], 'args[0]'],
  ];
  for (const [what, args, path] of unsendable) {
    it(`is refused at the call by an error that names its path (${what})`, async () => {
      const { mp } = application();
      const { accepted } = mp.stats();
      const error = await rejectionOf(mp.run('FailingService.take', args));
      expect(error).toBeInstanceOf(TaskSerializationError);
      expect(error).toMatchObject({
        code: 'ASYNCERMP_SERIALIZATION',
        handler: 'FailingService.take',
        path: expect.stringContaining(path),
      });
      expect((error as Error).message).toContain(path);
      await expect(mp.submit('FailingService.take', args)).rejects.toThrow(path);
      expect(mp.stats().accepted).toBe(accepted);
    });
  }

  it('is refused as a result by an error that names its path', async () => {
    const error = await rejectionOf(failing().uncloneableResult());
    expect(error).toBeInstanceOf(TaskSerializationError);
    expect(error).toMatchObject({
      path: 'result.rows[1].save',
      uid: expect.any(String),
      handler: 'FailingService.uncloneableResult',
    });
  });

  it('costs no worker, whether it is an argument, a result or an error', async () => {
    const before = await failing().where();
    for (const method of ['uncloneableResult', 'uncloneable', 'fn', 'nothing', 'sync'] as const) {
      await rejectionOf(failing()[method]());
    }
    await rejectionOf(failing().take(() => {}));
    await expect(failing().where()).resolves.toBe(before);
  });

  it('does not include circular structures, getters and class instances', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const computed = Object.defineProperty({}, 'now', { get: () => 1, enumerable: true });
    await expect(failing().take(circle, computed, new Date(), new Map())).resolves.toBeTypeOf(
      'number',
    );
  });
});
