import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer } from './support/consumer.js';
import { exportedSymbols } from './support/exported-symbols.js';
import { hasImportEffects } from './support/import-effects.js';
import { packedTarball, repository } from './support/tarball.js';

/** The relative error of a stated size. */
function errorOf(statedMb: string | undefined, bytes: number): number {
  return Math.abs(Number(statedMb) * 1e6 - bytes) / bytes;
}

/** The package and its dependencies on one platform: platform packages count once. */
function installedWith(name: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  const found = new Set<string>();
  const visit = (each: string) => {
    const { cpu, os, dependencies, optionalDependencies } = packages[`node_modules/${each}`] ?? {};
    const platform = cpu || os ? `${each.split('/')[0]}/one of each platform` : each;
    if (found.has(platform)) {
      return;
    }
    found.add(platform);
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
      visit(next);
    }
  };
  visit(name);
  return [...found];
}

interface LockedPackage {
  readonly cpu?: readonly string[];
  readonly os?: readonly string[];
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
}

/** The files that are built from several sources. */
const IN_ONE_FILE = new Set(['dist/worker/entry.js', 'dist/pool/channels/worker-image.js']);

/** The package that is not published, but a part of these files. */
const BUNDLED = '../worker-image/';

/** The packages that a module imports, without Node's own. */
function packagesIn(module: string): string[] {
  const specifiers = module.matchAll(
    /^(?:import|export)\b(?:[^;'"]*\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm,
  );
  return [...specifiers]
    .map(([, statement, call]) => statement ?? call ?? '')
    .filter((specifier) => !/^(?:\.|node:)/.test(specifier))
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '');
}

/** The application, without the imports of its module system. */
const APPLICATION = `
  class AppModule {}
  Module({ imports: [AsyncerMpModule.forRoot(1)] })(AppModule);
  NestFactory.createApplicationContext(AppModule, { logger: false }).then(async (app) => {
    console.log(app.get(AsyncerMpService).stats().maxProcesses);
    await app.close();
  });`;

describe('the packed package', () => {
  let consumer: Consumer;
  let root: string;
  let files: string[];

  beforeAll(async () => {
    consumer = await Consumer.create({ manifest: { name: 'app', private: true } });
    root = consumer.path('node_modules/nestjs-asyncermp');
    files = readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .map((file) => file.replaceAll('\\', '/'));
  });

  afterAll(() => (consumer as Consumer | undefined)?.remove());

  it('contains the build, its sources, the README and the licence, and nothing else', () => {
    const others = files.filter((file) => !/^(dist|src)\//.test(file));
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    const inDist = files.filter((file) => file.startsWith('dist/'));
    expect(inDist.filter((file) => !/\.(js|d\.ts)(\.map)?$/.test(file))).toEqual([]);
    const inSource = files.filter((file) => file.startsWith('src/'));
    expect(inSource.filter((file) => !file.endsWith('.ts'))).toEqual([]);
  });

  it('contains no tests and no fixtures', () => {
    expect(files.filter((file) => /\.spec\.|fixtures?\/|(^|\/)tests?\//.test(file))).toEqual([]);
  });

  it('has the README and the licence of the repository', () => {
    for (const name of ['README.md', 'LICENSE']) {
      expect(text(name)).toBe(readFileSync(join(repository, name), 'utf8'));
    }
  });

  it('has a file behind every path in its package.json', () => {
    const { main, types, exports } = JSON.parse(text('package.json')) as {
      main: string;
      types: string;
      exports: Record<string, string | Record<string, string>>;
    };
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    expect([main, types, ...targets].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('contains the source of every built file, and no other source', () => {
    const sources = (folder: string, end: RegExp) =>
      files
        .filter((file) => file.startsWith(folder) && end.test(file))
        .map((file) => file.slice(folder.length).replace(end, ''))
        .sort();
    expect(sources('dist/', /\.js$/)).toEqual(sources('src/', /\.ts$/));
    expect(sources('dist/', /\.d\.ts$/)).toEqual(sources('src/', /\.ts$/));
  });

  it('has a source map with the source for every file', () => {
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      const map = JSON.parse(text(`${file}.map`)) as {
        sources: string[];
        sourcesContent?: string[];
      };
      const sources = map.sources
        .map((source) => join(dirname(file), source).replaceAll('\\', '/'))
        .map((source) =>
          source.startsWith(BUNDLED)
            ? readFileSync(join(repository, 'libs/asyncermp', source), 'utf8')
            : text(source),
        );
      expect(map.sourcesContent, file).toEqual(sources);
      expect(sources.length > 1, file).toBe(IN_ONE_FILE.has(file));
    }
  });

  it('documents every export in its types', async () => {
    for (const [entry, known] of [
      ['dist/index.d.ts', 'AsyncerMpService'],
      ['dist/testing/index.d.ts', 'AsyncerMpTestingService'],
      ['dist/integrations/cls/index.d.ts', 'clsContext'],
    ] as const) {
      const { undocumented, exported } = exportedSymbols(join(root, entry));
      expect(exported).toContain(known);
      expect(undocumented).toEqual([]);
    }
  });

  it('imports only packages that it depends on, in its code and in its types', () => {
    const { dependencies, peerDependencies } = JSON.parse(text('package.json')) as Record<
      'dependencies' | 'peerDependencies',
      object
    >;
    const known = new Set(Object.keys({ ...dependencies, ...peerDependencies }));
    const unknown = files
      .filter((file) => /^dist\/.*\.(js|d\.ts)$/.test(file))
      .flatMap((file) => packagesIn(text(file)).map((name) => ({ file, name })))
      .filter(({ name }) => !known.has(name));
    expect(unknown).toEqual([]);
  });

  it('depends on two packages, besides its peers', () => {
    const { dependencies } = JSON.parse(text('package.json')) as { dependencies: object };
    expect(Object.keys(dependencies)).toEqual(['es-module-lexer', 'piscina']);
  });

  it('has the size and the dependencies that the README states', () => {
    const [, kept, sent, packages] =
      /([\d.]+) MB unpacked, ([\d.]+) MB to download, and brings (\d+) other/.exec(
        text('README.md'),
      ) ?? [];
    const bytes = files.reduce((sum, file) => sum + statSync(join(root, file)).size, 0);
    expect(errorOf(kept, bytes)).toBeLessThan(0.1);
    expect(errorOf(sent, statSync(packedTarball()).size)).toBeLessThan(0.1);
    const brought = ['es-module-lexer', 'piscina'].flatMap(installedWith);
    expect(brought).toHaveLength(Number(packages));
  });

  it('lists its files with side effects in package.json', () => {
    const { sideEffects } = JSON.parse(text('package.json')) as { sideEffects: string[] };
    const effective = files.filter((file) => file.endsWith('.js') && hasImportEffects(text(file)));
    expect(sideEffects.toSorted()).toEqual(effective.map((file) => `./${file}`).sort());
  });

  it('works in an ESM application', async () => {
    consumer.write({
      'app.mjs': `
        import { Module } from '@nestjs/common';
        import { NestFactory } from '@nestjs/core';
        import { AsyncerMpModule, AsyncerMpService } from 'nestjs-asyncermp';
        ${APPLICATION}`,
    });
    expect(await consumer.node('app.mjs')).toBe('1\n');
  });

  // Node refuses to require() a module graph with a top-level await.
  it('works in a CommonJS application', async () => {
    consumer.write({
      'app.cjs': `
        const { Module } = require('@nestjs/common');
        const { NestFactory } = require('@nestjs/core');
        const { AsyncerMpModule, AsyncerMpService } = require('nestjs-asyncermp');
        ${APPLICATION}`,
    });
    expect(await consumer.node('app.cjs')).toBe('1\n');
  });

  it('has only entries that can be required and imported', async () => {
    const { exports } = JSON.parse(text('package.json')) as { exports: Record<string, unknown> };
    const entries = Object.keys(exports)
      .filter((path) => !path.endsWith('.json'))
      .map((path) => `nestjs-asyncermp${path.slice(1)}`);
    expect(entries).toEqual([
      'nestjs-asyncermp',
      'nestjs-asyncermp/testing',
      'nestjs-asyncermp/cls',
    ]);
    consumer.write({
      'entries.cjs': `
        (async () => {
          for (const entry of ${JSON.stringify(entries)}) {
            const required = Object.keys(require(entry));
            const imported = Object.keys(await import(entry));
            console.log(entry, required.length > 0 && required.every((name) => imported.includes(name)));
          }
        })();`,
    });
    const lines = (await consumer.node('entries.cjs')).trim().split('\n');
    expect(lines).toEqual(entries.map((entry) => `${entry} true`));
  });

  it('has only files that can be required', async () => {
    const modules = files.filter((file) => file.endsWith('.js')).map((file) => join(root, file));
    consumer.write({
      'all.cjs': `for (const file of ${JSON.stringify(modules)}) require(file);`,
    });
    await expect(consumer.node('all.cjs')).resolves.toBe('');
  });

  function text(file: string): string {
    return readFileSync(join(root, file), 'utf8');
  }
});
