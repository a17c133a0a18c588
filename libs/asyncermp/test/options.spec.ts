import { inspect } from 'node:util';
import {
  AsyncerMpModule,
  ConfigurationError,
  ErrorCode,
  type AsyncerMpOptions,
} from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { FaultService } from './.fixtures/fault.service.js';
import { MisconfiguredService } from './.fixtures/misconfigured.service.js';
import { startApplication } from './support/application.js';
import { rejectionOf, thrownBy } from './support/outcomes.js';

const calc = [AdderService, SquareService, CalcService];

/** Expects a ConfigurationError that names the option, its value and what the option takes. */
function expectRefusal(error: unknown, option: string, value: unknown, takes: string): void {
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(error).toMatchObject({ code: ErrorCode.Configuration, name: 'ConfigurationError' });
  const { message } = error as Error;
  expect(message).toContain(option);
  expect(message).toContain(inspect(value));
  expect(message).toContain(takes);
}

const notNumbers = [-1, Number.NaN, '4', null];
const whole = [...notNumbers, 1.5];
const refused: [option: keyof AsyncerMpOptions, values: unknown[], takes: string][] = [
  ['maxProcesses', [...whole, 0, Infinity], 'a whole number from 1'],
  ['minProcesses', [...whole, Infinity], 'a whole number from 0'],
  ['idleTimeout', notNumbers, 'a number of milliseconds from 0, or Infinity'],
  ['isolation', ['processes', 4, null], "'threads' or 'inline'"],
  ['maxQueue', whole, 'a whole number from 0, or Infinity'],
  ['onFull', ['drop', true, null], "'reject' or 'wait'"],
  ['cancelGrace', notNumbers, 'a number of milliseconds from 0, or Infinity'],
  ['startTimeout', [...notNumbers, 0], 'a number of milliseconds above 0, or Infinity'],
  ['shutdownTimeout', notNumbers, 'a number of milliseconds from 0, or Infinity'],
  ['completedQueueSize', [...whole, Infinity], 'a whole number from 0'],
  ['retain', [...whole, Infinity], 'a whole number from 0, or { count, age }'],
  ['retainFailed', [...whole, Infinity], 'a whole number from 0, or { count, age }'],
  ['retainMemory', notNumbers, 'a number of MB from 0, or Infinity'],
  ['defaults', [5, 'fast', null], 'an object'],
  ['strictClasses', ['yes', 1, null], 'true or false'],
  ['maxTasksPerWorker', [...whole, 0], 'a whole number from 1, or Infinity'],
  ['maxWorkerAge', [...notNumbers, 0], 'a number of milliseconds above 0, or Infinity'],
  ['maxWorkerHeap', [...notNumbers, 0], 'a number of MB above 0, or Infinity'],
  ['resourceLimits', [512, null], 'an object'],
  ['env', ['A=b', null], 'an object of strings, or SHARE_ENV'],
  ['execArgv', ['--no-warnings', [1], null], 'an array of strings'],
  ['logger', ['log', null], 'an object'],
];

describe('forRoot() refuses with name, value and what is expected', () => {
  it.each([
    [{ count: 1.5 }, 'retain: count', 'a whole number from 0'],
    [{ age: 0 }, 'retain: age', 'a number of milliseconds above 0, or Infinity'],
  ])('retain: %o', (retain, option, takes) => {
    const error = thrownBy(() => AsyncerMpModule.forRoot({ retain }));
    expectRefusal(error, option, Object.values(retain)[0], takes);
  });

  for (const [option, values, takes] of refused) {
    it(`${option}: ${values.map((value) => inspect(value)).join(', ')}`, () => {
      for (const value of values) {
        const error = thrownBy(() => AsyncerMpModule.forRoot({ [option]: value }));
        expectRefusal(error, option, value, takes);
      }
    });
  }

  for (const value of [-1, Number.NaN, 1.5, 0]) {
    it(`the number ${value} as maxProcesses`, () => {
      const error = thrownBy(() => AsyncerMpModule.forRoot(value));
      expectRefusal(error, 'maxProcesses', value, 'a whole number from 1');
    });
  }

  for (const value of ['4', null, true, [], [4]] as unknown[] as number[]) {
    it(`${inspect(value)} instead of options`, () => {
      const error = thrownBy(() => AsyncerMpModule.forRoot(value));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain('takes an object of options');
    });
  }

  it('an unknown option, and suggests the similar one', () => {
    const error = thrownBy(() => AsyncerMpModule.forRoot({ maxProceses: 4 } as AsyncerMpOptions));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(/maxProceses.*maxProcesses/);
  });

  it('isGlobal: 1, which is not a boolean', () => {
    const error = thrownBy(() => AsyncerMpModule.forRoot({ isGlobal: 1 as never }));
    expectRefusal(error, 'isGlobal', 1, 'true or false');
  });

  it('more minProcesses than maxProcesses', () => {
    const error = thrownBy(() => AsyncerMpModule.forRoot({ minProcesses: 3, maxProcesses: 2 }));
    expectRefusal(error, 'minProcesses', 3, 'at most maxProcesses, which is 2');
  });

  it('a wrong option in defaults', () => {
    const error = thrownBy(() => AsyncerMpModule.forRoot({ defaults: { attempts: 0 } }));
    expectRefusal(error, 'attempts', 0, 'a whole number from 1');
  });
});

describe('resourceLimits', () => {
  it.each([
    [{}, { maxYoungGenerationSizeMb: 48 }],
    [{ maxOldGenerationSizeMb: 96 }, { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 48 }],
    [{ maxYoungGenerationSizeMb: 12 }, { maxYoungGenerationSizeMb: 12 }],
  ])(
    'are the limits of a worker, and default to those of Node 20 (given %o)',
    async (given, expected) => {
      const { get } = await startApplication({
        options: { maxProcesses: 1, resourceLimits: given },
        providers: [FaultService],
      });
      const limits = await get(FaultService).limits();
      expect(limits).toMatchObject(expected);
      expect(limits.maxOldGenerationSizeMb).toBeGreaterThanOrEqual(96);
    },
  );
});

describe('a wrong option of a task', () => {
  it('is refused at the call, and no task is accepted', async () => {
    const { mp } = await startApplication({ providers: calc });
    const bad: [option: string, value: unknown][] = [
      ['uid', ''],
      ['uid', 7],
      ['priority', Number.NaN],
      ['priority', Infinity],
      ['priority', '4'],
      ['timeout', -1],
      ['timeout', null],
      ['attempts', 1.5],
      ['signal', {}],
      ['transfer', 'all'],
      ['backoff', { type: 'linear', delay: 1 }],
      ['onDuplicate', 'replace'],
    ];
    for (const [option, value] of bad) {
      const error = await rejectionOf(mp.run(CalcService, 'square', [1], { [option]: value }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toMatch(new RegExp(`${option} takes .* and got `));
      expect(error).toMatchObject({ handler: 'CalcService.square' });
    }
    const misspelt = mp.submit(CalcService, 'square', [1], { prioriti: 1 } as object);
    await expect(misspelt).rejects.toThrow(/prioriti.*priority/);
    await expect(mp.run('CalcService.square', 5 as never)).rejects.toThrow(/args.* array/);
    expect(mp.stats().accepted).toBe(0);
  });

  it('is refused when the application starts if it stands on @CpuTask()', async () => {
    const error = await rejectionOf(startApplication({ providers: [MisconfiguredService] }));
    expectRefusal(error, 'concurrency', 0, 'a whole number from 1');
    expect((error as Error).message).toContain('MisconfiguredService.work');
  });
});
