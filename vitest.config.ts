import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['libs/*/test/**/*.spec.ts', 'apps/*/test/**/*.spec.ts', 'test/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.fixtures/**'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    server: {
      // The library and the handlers run as the JavaScript that users run: workers import the same
      // files, and no transform of the test runner stands between.
      deps: { external: [/libs\/asyncermp\/dist\//, /\.fixtures\//, /apps\/demo\/dist\//] },
    },
  },
});
