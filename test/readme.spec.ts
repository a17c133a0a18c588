import { join } from 'node:path';
import * as library from 'nestjs-asyncermp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Document } from './support/document.js';
import { Examples } from './support/examples.js';
import { propertiesOf } from './support/exported-symbols.js';
import { repository } from './support/tarball.js';

const { AsyncerMpError, ErrorCode, TaskEvent } = library;

const readme = new Document('README.md');

/** Boots an application with all providers of the README, and runs its examples. */
const RUN_ALL = `
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { AsyncerMpModule, AsyncerMpService, TaskCancelledError, TaskEvent } from 'nestjs-asyncermp';
import { EstimateModule, EstimateService } from './estimate.service.js';
import { DivisorService, PrimesService } from './primes.service.js';
import { SearchService } from './search.service.js';
import { SixWaysService } from './six-ways.service.js';

@Module({
  imports: [EventEmitterModule.forRoot(), AsyncerMpModule.forRoot(2), EstimateModule.forRoot(1_000_000)],
  providers: [DivisorService, PrimesService, SearchService, SixWaysService],
})
class AllModule {}

const app = await NestFactory.createApplicationContext(AllModule, { logger: ['warn', 'error'] });
const mp = app.get(AsyncerMpService);

const six = app.get(SixWaysService);
const following = six.follow();
console.log(await six.call(), await six.urgent(), await six.withHandle(), await six.many());

const pi = await app.get(EstimateService).pi();
console.log(pi > 3.1 && pi < 3.2);

console.log(await app.get(SearchService).largestCollatz(10_000));
const reported = new Promise((resolve) => app.get(EventEmitter2).once(TaskEvent.Progress, resolve));
const task = await mp.submit(SearchService, 'largestCollatz', [50_000_000], { uid: 'long' });
await reported;
task.cancel('enough');
const error = await task.result.catch((thrown: unknown) => thrown);
console.log(error instanceof TaskCancelledError && error.cause);

console.log(await new PrimesService(new DivisorService()).countPrimes(0, 10));
await app.close();
await following;
`;

describe('the README', () => {
  let examples: Examples | undefined;

  beforeAll(async () => {
    examples = await Examples.compile([readme], { [`src/${readme.name}/run-all.ts`]: RUN_ALL });
  });

  afterAll(() => examples?.remove());

  it('has a quick start that prints the output shown', async () => {
    expect(readme.runs).toHaveLength(1);
    for (const { program, output } of readme.runs) {
      expect(await examples?.run(readme, program)).toBe(output);
    }
  });

  it('has examples with the results shown', async () => {
    const lines = (await examples?.run(readme, 'dist/run-all.js'))?.trim().split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^PrimesService\.countPrimes took [\d.]+ ms$/),
        expect.stringMatching(/^small (queued|running)$/),
        'small completed',
        '168 168 168 168',
        'true',
        '{ start: 6171, steps: 261 }',
        'long cancelled',
        'enough',
        '4',
      ]),
    );
  });

  it.each([
    'AsyncerMpOptions',
    'AsyncerMpModuleExtras',
    'TaskOptions',
    'CpuTaskOptions',
    'MapOptions',
  ])('has a row for every member of %s', (type) => {
    const options = propertiesOf(join(repository, 'libs/asyncermp/dist/index.d.ts'), type);
    expect(options).not.toHaveLength(0);
    expect(options.filter((option) => !readme.rowOf(option))).toEqual([]);
  });

  it('has a row for every event', () => {
    const missing = Object.entries(TaskEvent).filter(
      ([key, name]) => !readme.rowOf(`.${key}`)?.includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });

  it('has a row for every error', () => {
    const classes = Object.entries(library).filter(
      ([, value]) => typeof value === 'function' && value.prototype instanceof AsyncerMpError,
    );
    expect(classes.map(([name]) => name).filter((name) => !readme.rowOf(name))).toEqual([]);
    const table = classes.map(([name]) => readme.rowOf(name)).join('\n');
    expect(Object.values(ErrorCode).filter((code) => !table.includes(`\`${code}\``))).toEqual([]);
  });
});
