import { ConfigurationError, UnknownHandlerError, type TaskOptions } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { FaultService } from '../.fixtures/fault.service.js';
import { shareApplication } from '../support/application.js';
import { rejectionOf, thrownBy } from '../support/outcomes.js';

const shared = shareApplication({ options: 1, providers: [FaultService] });

describe('a wrong option of a call is refused at the call', () => {
  for (const [name, values] of Object.entries({
    timeout: [-1, 0, NaN, '4', null],
    queueTimeout: [-1, NaN, '4'],
    deadline: [0, '4'],
    attempts: [0, 1.5, NaN, Infinity, '4'],
    crashAttempts: [-1, '1'],
    priority: [NaN, Infinity, '4'],
    backoff: [-1, NaN, '4', { type: 'linear', delay: 1 }, { type: 'fixed', delay: 1, dealy: 2 }],
    retryOn: ['Error', true],
    onDuplicate: ['ignore', true],
    uid: ['', 4, {}, Symbol('uid')],
    fairnessKey: ['', 4],
    signal: [{}, 'abort'],
    transfer: [new ArrayBuffer(1), 'buffer'],
  })) {
    it(`${name}: the error names it, its value and what it takes`, async () => {
      const { mp, get } = shared();
      const before = mp.stats();
      for (const value of values) {
        const options = { [name]: value } as unknown as TaskOptions;
        for (const call of [
          mp.run('FaultService.thread', [], options),
          mp.submit('FaultService.thread', [], options),
        ]) {
          const error = await rejectionOf(call);
          expect(error).toBeInstanceOf(ConfigurationError);
          expect((error as Error).message).toContain(`${name} takes`);
          expect((error as Error).message).toContain('got');
          expect(error).toMatchObject({ handler: 'FaultService.thread' });
        }
      }
      expect(mp.stats()).toEqual(before);
      await get(FaultService).thread();
    });
  }

  it('an unknown option: the error suggests the similar one', async () => {
    const { mp } = shared();
    const options = { timeuot: 5 } as TaskOptions;
    const error = await rejectionOf(mp.run(FaultService, 'thread', [], options));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(/timeuot.*timeout/);
  });

  it('options that are no object, and arguments that are no array', async () => {
    const { mp } = shared();
    for (const [args, options] of [
      [[], 5],
      [[], 'fast'],
      [[], []],
      ['x', {}],
      [{ length: 1 }, {}],
    ] as unknown[][]) {
      const run = mp.run('FaultService.echo', args as unknown[], options as TaskOptions);
      expect(await rejectionOf(run)).toBeInstanceOf(ConfigurationError);
    }
  });
});

describe('an unknown handler is refused', () => {
  it('with UnknownHandlerError, which suggests similar names', async () => {
    const { mp } = shared();
    const error = await rejectionOf(mp.run('FaultService.thraed'));
    expect(error).toBeInstanceOf(UnknownHandlerError);
    expect(error).toMatchObject({ nearest: expect.arrayContaining(['FaultService.thread']) });
  });

  it('with ConfigurationError if it is neither a class nor a name', async () => {
    const { mp } = shared();
    for (const handler of [undefined, null, 5, {}, Symbol('handler'), Object.create(null)]) {
      const run = mp.run(handler as unknown as string);
      expect(await rejectionOf(run)).toBeInstanceOf(ConfigurationError);
    }
  });
});

it('resize() and reprioritise() refuse wrong numbers', async () => {
  const { mp } = shared();
  await mp.pause();
  const task = await mp.submit(FaultService, 'thread', []);
  for (const value of [0, -1, 1.5, NaN, Infinity, '4', undefined] as number[]) {
    expect(thrownBy(() => mp.resize(value))).toBeInstanceOf(ConfigurationError);
  }
  for (const value of [NaN, Infinity, '4', undefined] as number[]) {
    expect(thrownBy(() => task.reprioritise(value))).toBeInstanceOf(ConfigurationError);
  }
  expect(mp.stats()).toMatchObject({ maxProcesses: 1, waiting: 1 });
  await mp.resume();
  await task.result;
});
