import { compilerOptions } from '../../support/compiler-options.js';
import type { Suite } from '../promises/suite.js';
import { appSources, placedIn, suiteSources } from '../sources.js';
import type { Files } from '../workspace.js';
import { manifest } from './form.js';

const TSCONFIG = JSON.stringify({
  compilerOptions: { ...compilerOptions, rootDir: '.' },
  include: ['src', 'test'],
});

/** As `nest new` of Nest 12 sets it up. */
export const vitestSuite: Suite = {
  name: 'Nest 12, a test suite of vitest',
  folder: 'apps/vitest',
  files: suite('vitest', 'ESM', {
    'vitest.config.ts': `
      import { defineConfig } from 'vitest/config';
      export default defineConfig({ test: { include: ['**/*.spec.ts'] } });`,
  }),
  runner: 'vitest',
  args: ['run'],
};

/** As `nest new` of Nest 11 sets it up, and with the one line that packages in ESM take. */
export const jestSuite: Suite = {
  name: 'Nest 11, a test suite of jest',
  folder: 'apps/jest',
  files: suite('jest', 'CommonJS', {
    'jest.config.json': JSON.stringify({
      moduleFileExtensions: ['js', 'json', 'ts'],
      rootDir: '.',
      testRegex: '.*\\.spec\\.ts$',
      transform: { '^.+\\.(t|j)s$': 'ts-jest' },
      testEnvironment: 'node',
      testTimeout: 60_000,
      transformIgnorePatterns: ['/node_modules/(?!nestjs-asyncermp/)'],
    }),
  }),
  runner: 'jest',
  args: [],
};

function suite(runner: 'vitest' | 'jest', system: 'ESM' | 'CommonJS', config: Files): Files {
  const { 'main.ts': _entry, ...sources } = appSources({ system });
  return placedIn(`apps/${runner}`, {
    ...placedIn('src', sources),
    ...placedIn('test', suiteSources(runner, { system })),
    'package.json': manifest(`survey-${runner}`, { system }),
    'tsconfig.json': TSCONFIG,
    ...config,
  });
}
