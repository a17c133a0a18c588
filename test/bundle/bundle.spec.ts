import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compilerOptions } from '../support/compiler-options.js';
import { Consumer } from '../support/consumer.js';
import type { Line } from './app/src/boot.js';

type Builder = 'rspack' | 'tsc';
type ModuleSystem = 'ESM' | 'CommonJS';

/** What stands at the end of main.ts: an awaited or a floating call of `bootstrap()`. */
type Entry = 'main.awaited.ts' | 'main.floating.ts';

const sources = fileURLToPath(new URL('app/src/', import.meta.url));

const forms: readonly [Builder, ModuleSystem, Entry][] = [
  ['rspack', 'ESM', 'main.awaited.ts'],
  ['rspack', 'ESM', 'main.floating.ts'],
  ['rspack', 'CommonJS', 'main.floating.ts'],
  ['tsc', 'ESM', 'main.awaited.ts'],
  ['tsc', 'ESM', 'main.floating.ts'],
  ['tsc', 'CommonJS', 'main.floating.ts'],
];

describe.each(forms)('an application built by %s as %s from %s', (builder, system, entry) => {
  let app: Consumer | undefined;
  let lines: Line[] = [];

  beforeAll(async () => {
    app = await createApp(builder, system, entry);
    await app.nestBuild();
    const printed = await app.node('dist/main.js');
    lines = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  }, 120_000);

  afterAll(() => app?.remove());

  it('boots once', () => {
    expect(lines.filter(({ kind }) => kind === 'booted')).toHaveLength(1);
  });

  it('runs its handlers in workers, with what they are injected', () => {
    expect(answers('SumsService')).toEqual([{ value: 499_500 * 3, threadId: aWorker }]);
  });

  it('runs the handler of its entry file in a worker', () => {
    expect(answers('the entry file')).toEqual([{ value: 0, threadId: aWorker }]);
  });

  it('gets the error of a handler with its class and cause', () => {
    expect(lines.filter(({ kind }) => kind === 'error')).toEqual([
      {
        kind: 'error',
        error: {
          isRangeError: true,
          message: 'too far',
          causeIsTypeError: true,
          cause: 'wrong turn',
        },
      },
    ]);
  });

  it('tells its listeners', () => {
    expect(lines.find(({ kind }) => kind === 'seen')).toEqual({
      kind: 'seen',
      seen: [
        'SumsService.scaledSum completed',
        'EntryService.whereAmI completed',
        'SumsService.fail failed',
      ],
    });
  });

  it('closes, and exits by itself', () => {
    // A run that does not end has no lines.
    expect(lines.at(-1)).toEqual({ kind: 'closed' });
  });

  if (builder === 'rspack') {
    it('is one file', () => {
      const files = readdirSync(app?.path('dist') ?? '');
      expect(files.filter((file) => file.endsWith('.js'))).toEqual(['main.js']);
    });
  }

  function answers(of: string): unknown[] {
    return lines.flatMap((line) => (line.kind === 'answer' && line.of === of ? [line.answer] : []));
  }
});

/** The main thread is number 0. */
const aWorker = expect.toSatisfy((id) => Number(id) > 0) as unknown;

function createApp(builder: Builder, system: ModuleSystem, entry: Entry): Promise<Consumer> {
  return Consumer.create({
    manifest: { name: 'app', private: true, ...(system === 'ESM' && { type: 'module' }) },
    files: {
      ...sourcesFor(system, entry),
      'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
      'nest-cli.json': JSON.stringify({
        sourceRoot: 'src',
        compilerOptions: { builder, tsConfigPath: 'tsconfig.json' },
      }),
    },
  });
}

/** The sources with the one entry file as main.ts. */
function sourcesFor(system: ModuleSystem, entry: Entry): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of readdirSync(sources)) {
    if (name.startsWith('main.') && name !== entry) continue;
    const text = readFileSync(sources + name, 'utf8');
    files[name === entry ? 'src/main.ts' : `src/${name}`] =
      // Extensions belong to ESM, and the Nest CLI's bundle of CommonJS files does not resolve them.
      system === 'CommonJS' ? text.replaceAll(/(from '\..*)\.js'/g, "$1'") : text;
  }
  return files;
}
