import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer } from './support/consumer.js';
import { exportedSymbols } from './support/exported-symbols.js';
import { repository } from './support/tarball.js';

/** What `forRoot` needs of an application, from either module system. */
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

  it('holds the build, its sources, the README and the licence, and nothing else', () => {
    const others = files.filter((file) => !/^(dist|src)\//.test(file));
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    const inDist = files.filter((file) => file.startsWith('dist/'));
    expect(inDist.filter((file) => !/\.(js|d\.ts)(\.map)?$/.test(file))).toEqual([]);
    const inSource = files.filter((file) => file.startsWith('src/'));
    expect(inSource.filter((file) => !file.endsWith('.ts'))).toEqual([]);
  });

  it('holds no tests and no fixtures', () => {
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

  it('builds every file from a source it holds, and from no other', () => {
    const sources = (folder: string, end: RegExp) =>
      files
        .filter((file) => file.startsWith(folder) && end.test(file))
        .map((file) => file.slice(folder.length).replace(end, ''))
        .sort();
    expect(sources('dist/', /\.js$/)).toEqual(sources('src/', /\.ts$/));
    expect(sources('dist/', /\.d\.ts$/)).toEqual(sources('src/', /\.ts$/));
  });

  it('maps every file to its source, and has it in the map', () => {
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      const map = JSON.parse(text(`${file}.map`)) as {
        sources: string[];
        sourcesContent?: string[];
      };
      const source = join(dirname(file), map.sources[0] ?? '');
      expect(map.sourcesContent, file).toEqual([text(source)]);
    }
  });

  it('tells in its types what every export promises', async () => {
    const { undocumented, exported } = exportedSymbols(join(root, 'dist/index.d.ts'));
    expect(exported).toContain('AsyncerMpService');
    expect(undocumented).toEqual([]);
  });

  it('depends on piscina only, besides its peers', () => {
    const { dependencies } = JSON.parse(text('package.json')) as { dependencies: object };
    expect(Object.keys(dependencies)).toEqual(['piscina']);
  });

  it('is imported by an ESM application', async () => {
    consumer.write({
      'app.mjs': `
        import { Module } from '@nestjs/common';
        import { NestFactory } from '@nestjs/core';
        import { AsyncerMpModule, AsyncerMpService } from 'nestjs-asyncermp';
        ${APPLICATION}`,
    });
    expect(await consumer.node('app.mjs')).toBe('1\n');
  });

  // Node refuses to require() a graph with a top-level await in it.
  it('is required by a CommonJS application', async () => {
    consumer.write({
      'app.cjs': `
        const { Module } = require('@nestjs/common');
        const { NestFactory } = require('@nestjs/core');
        const { AsyncerMpModule, AsyncerMpService } = require('nestjs-asyncermp');
        ${APPLICATION}`,
    });
    expect(await consumer.node('app.cjs')).toBe('1\n');
  });

  it('has no file that cannot be required', async () => {
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
