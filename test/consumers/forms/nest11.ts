import type { NestRelease } from '../workspace.js';
import { application, type Form } from './form.js';
import { monorepo } from './monorepo.js';

export const nest11: NestRelease = {
  type: 'commonjs',
  dependencies: {
    '@nestjs/common': '^11.2.10',
    '@nestjs/core': '^11.2.10',
    '@nestjs/event-emitter': '^3.1.0',
    '@nestjs/platform-express': '^11.2.10',
    'reflect-metadata': '^0.2.2',
    rxjs: '^7.8.2',
  },
  devDependencies: {
    '@nestjs/cli': '^11.0.13',
    '@nestjs/schematics': '^11.0.0',
    '@nestjs/testing': '^11.0.0',
    '@types/jest': '^30.0.0',
    '@types/express': '^5.0.6',
    '@types/node': '^24.19.2',
    jest: '^30.5.2',
    'ts-jest': '^29.4.15',
    'ts-loader': '^9.5.0',
    typescript: '~5.9.3',
  },
};

const dialect = { system: 'CommonJS', boot: 'floating' } as const;

/** Everything in one file but native modules, and what Nest asks for and can do without. */
const BUNDLE_ALL = `(options, webpack) => ({
  ...options,
  devtool: 'source-map',
  externals: [],
  plugins: [
    new webpack.IgnorePlugin({ resourceRegExp: /^@nestjs\\/(microservices|websockets)|^class-/ }),
    new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 }),
  ],
})`;

export const nest11Forms: readonly Form[] = [
  application({ name: 'Nest 11, tsc, CommonJS', folder: 'tsc', builder: 'tsc', ...dialect }),
  {
    ...monorepo({
      name: 'Nest 11 monorepo, webpack, CommonJS',
      compiler: { webpack: true },
      // The Nest CLI's webpack looks for aliases from there.
      baseUrl: '.',
      ...dialect,
    }),
    hasNoMaps: true,
  },
  {
    ...application({
      name: 'Nest 11, webpack, everything in one file, CommonJS',
      folder: 'bundle',
      builder: 'webpack',
      files: { 'webpack.config.js': `module.exports = ${BUNDLE_ALL}` },
      ...dialect,
    }),
    bundle: 'dist/main.js',
    isAlone: true,
  },
];
