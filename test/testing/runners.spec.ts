import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compilerOptions } from '../support/compiler-options.js';
import { repository } from '../support/tarball.js';
import { codeBlocks } from './code-blocks.js';
import { InstalledApplication } from './installed-application.js';

/*
 * The suites of docs/testing.md are the example, and are run here as they stand there: in both runners,
 * in applications of both module systems, on both versions of Nest.
 */

const page = codeBlocks(readFileSync(join(repository, 'docs/testing.md'), 'utf8'));
const WORKERS = 'app.workers.spec';

const isInline = (path: string) => path.endsWith('.spec.ts') && !path.includes(WORKERS);
const inlineTests = Object.entries(page)
  .filter(([path]) => isInline(path))
  .flatMap(([, code]) => code.match(/^ *it\(/gm) ?? []);

/** A part of the JSON report of both runners. */
const allPassed = {
  success: true,
  numTotalTests: inlineTests.length,
  numPassedTests: inlineTests.length,
};

const applications = [
  { system: 'CommonJS', nest: '11.2.10', typescript: '5.9.3', jestConfig: 'jest.config.cjs' },
  { system: 'ESM', nest: '12.5.1', typescript: '6.0.3', jestConfig: 'jest.config.mjs' },
];

describe.each(applications)(
  'docs/testing.md in a $system application on Nest $nest',
  ({ system, nest, typescript, jestConfig }) => {
    let app: InstalledApplication;

    beforeAll(async () => {
      const manifest = {
        name: 'gallery',
        type: system === 'ESM' ? 'module' : 'commonjs',
        dependencies: {
          '@nestjs/common': nest,
          '@nestjs/core': nest,
          '@nestjs/testing': `^${nest.split('.')[0]}.0.0`,
          '@types/node': '^24.0.0',
          jest: '30.5.2',
          'reflect-metadata': '0.2.2',
          rxjs: '7.8.2',
          'ts-jest': '29.4.15',
          typescript,
          vitest: '4.1.12',
        },
      };
      app = await InstalledApplication.create(manifest, {
        'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
      });
    }, 200_000);

    afterAll(() => (app as InstalledApplication | undefined)?.remove());

    it('compiles, and its suite passes with real workers', async () => {
      app.write(page);
      await app.node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
      const report = await app.node('--test', '--test-reporter=tap', `dist/${WORKERS}.js`);
      expect(report).toMatch(/^# pass 1$/m);
    }, 200_000);

    it('has suites that pass in vitest', async () => {
      app.write(page);
      const run = ['node_modules/vitest/vitest.mjs', 'run', 'src', '--reporter=json'];
      const report = await app.node(...run, '--exclude', `**/${WORKERS}.*`);
      expect(JSON.parse(report)).toMatchObject(allPassed);
    }, 200_000);

    it('compiles, and its suites pass in jest', async () => {
      app.write(inJest(page));
      await app.node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
      const flags = system === 'ESM' ? ['--experimental-vm-modules'] : [];
      const jest = [...flags, 'node_modules/jest/bin/jest.js', '--config', jestConfig, '--json'];
      const report = await app.node(...jest, '--testPathIgnorePatterns', WORKERS);
      expect(JSON.parse(report)).toMatchObject(allPassed);
    }, 200_000);
  },
);

/** Makes the change for jest that the page describes. */
function inJest(files: Readonly<Record<string, string>>): Record<string, string> {
  const changed = Object.entries(files).map(([path, code]) => [
    path,
    code.replace("from 'vitest'", "from '@jest/globals'"),
  ]);
  return Object.fromEntries(changed) as Record<string, string>;
}
