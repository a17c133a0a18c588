import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from 'nestjs-asyncermp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compilerOptions } from './support/compiler-options.js';
import { Consumer } from './support/consumer.js';
import { propertiesOf } from './support/exported-symbols.js';
import { repository } from './support/tarball.js';

const { AsyncerMpError, ErrorCode, TaskEvent } = library;

const readme = readFileSync(join(repository, 'README.md'), 'utf8');

/** Boots an application with all providers of the README, and does with them what it says. */
const RUN_ALL = `
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { AsyncerMpModule, AsyncerMpService, TaskCancelledError } from 'nestjs-asyncermp';
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
const task = await mp.submit(SearchService, 'largestCollatz', [50_000_000], { uid: 'long' });
while (task.progress === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
task.cancel('enough');
const error = await task.result.catch((thrown: unknown) => thrown);
console.log(error instanceof TaskCancelledError && error.cause);

console.log(await new PrimesService(new DivisorService()).countPrimes(0, 10));
await app.close();
await following;
`;

describe('the README', () => {
  let app: Consumer | undefined;

  beforeAll(async () => {
    const files = Object.fromEntries(
      codeBlocks('ts').map((code) => [fileOf(code) ?? 'nowhere', code]),
    );
    app = await Consumer.create({
      manifest: { name: 'primes', private: true, type: 'module' },
      files: {
        ...files,
        'src/run-all.ts': RUN_ALL,
        'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
      },
    });
    await app.tsc();
  });

  afterAll(() => app?.remove());

  it('says of every piece of TypeScript which file it is', () => {
    expect(codeBlocks('ts').filter((code) => fileOf(code) === undefined)).toEqual([]);
  });

  it('has a quick start that prints what it says', async () => {
    expect(await app?.node('dist/main.js')).toBe(codeBlocks('text')[0]);
  });

  it('has examples that do what they say', async () => {
    const lines = (await app?.node('dist/run-all.js'))?.trim().split('\n');
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
  ])('has a row for every one of %s', (type) => {
    const options = propertiesOf(join(repository, 'libs/asyncermp/dist/index.d.ts'), type);
    expect(options).not.toHaveLength(0);
    expect(options.filter((option) => !rowOf(option))).toEqual([]);
  });

  it('has a row for every event', () => {
    const missing = Object.entries(TaskEvent).filter(
      ([key, name]) => !rowOf(`.${key}`)?.includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });

  it('has a row for every error', () => {
    const classes = Object.entries(library).filter(
      ([, value]) => typeof value === 'function' && value.prototype instanceof AsyncerMpError,
    );
    expect(classes.map(([name]) => name).filter((name) => !rowOf(name))).toEqual([]);
    const table = classes.map(([name]) => rowOf(name)).join('\n');
    expect(Object.values(ErrorCode).filter((code) => !table.includes(`\`${code}\``))).toEqual([]);
  });

  it('links to headings and files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target ?? '');
    const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(
      ([, heading = '']) =>
        `#${heading
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .replaceAll(/\s/g, '-')}`,
    );
    const broken = links.filter((link) =>
      link.startsWith('#') ? !anchors.includes(link) : !readable(join(repository, link)),
    );
    expect(broken).toEqual([]);
  });
});

const rows = readme.split('\n').filter((line) => line.startsWith('|'));

/** The row of a table that begins with the name. */
function rowOf(name: string): string | undefined {
  return rows.find((row) => row.startsWith(`| \`${name}\` `));
}

function codeBlocks(language: string): string[] {
  const blocks = readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'));
  return [...blocks].map(([, code]) => code ?? '');
}

/** The path in the comment that a piece of code begins with. */
function fileOf(code: string): string | undefined {
  return /^\/\/ (src\/\S+\.ts)\n/.exec(code)?.[1];
}

function readable(file: string): boolean {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
}
