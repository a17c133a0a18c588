import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const BROWSER = 'apps/*/test/browser/**/*.spec.ts';

export default defineConfig({
  test: {
    exclude: ['**/node_modules/**', '**/dist/**', '**/.fixtures/**'],
    pool: 'forks',
    // For tests that hang. What a test waits for takes far less, also on a machine that is busy.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    server: {
      // The library and the handlers run as the JavaScript that users run: workers import the same
      // files, and no transform of the test runner stands between.
      deps: { external: [/libs\/[^/]+\/dist\//, /\.fixtures\//, /apps\/demo\/dist\//] },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['libs/*/test/**/*.spec.ts', 'apps/*/test/**/*.spec.ts', 'test/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/.fixtures/**', BROWSER],
          // On two cores, vitest would run one file at a time, and most files wait more than they work.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: [BROWSER],
          // They look at the delay of an event loop: one at a time, and nothing beside them.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
