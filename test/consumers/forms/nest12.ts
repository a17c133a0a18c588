import type { NestRelease } from '../workspace.js';
import { application, runDirectly, type Form } from './form.js';
import { monorepo } from './monorepo.js';

export const nest12: NestRelease = {
  type: 'module',
  dependencies: {
    '@nestjs/common': '^12.5.1',
    '@nestjs/core': '^12.5.1',
    '@nestjs/event-emitter': '^12.0.1',
    '@nestjs/platform-express': '^12.5.1',
    '@nestjs/platform-fastify': '^12.5.0',
    'reflect-metadata': '^0.2.2',
    rxjs: '^7.8.2',
  },
  devDependencies: {
    '@nestjs/cli': '^12.0.8',
    '@nestjs/schematics': '^12.0.6',
    '@nestjs/testing': '^12.1.1',
    '@rspack/core': '2.2.9',
    '@swc-node/register': '^1.12.1',
    '@swc/cli': '^0.8.1',
    '@swc/core': '^1.16.22',
    '@types/express': '^5.0.6',
    '@types/node': '^24.19.2',
    'tsconfig-paths-webpack-plugin': '^4.2.0',
    tsx: '^4.23.15',
    typescript: '~6.0.3',
    'unplugin-swc': '^1.5.0',
    vitest: '^4.1.12',
    'webpack-node-externals': '^3.0.0',
  },
};

/** Everything in one file but native modules, and what Nest asks for and can do without. */
const BUNDLE_ALL = `(options, rspack) => ({
  ...options,
  externals: [],
  externalsPresets: { node: true },
  plugins: [
    new rspack.IgnorePlugin({ resourceRegExp: /^@nestjs\\/(microservices|websockets)|^class-|^@fastify/ }),
    new rspack.optimize.LimitChunkCountPlugin({ maxChunks: 1 }),
  ],
});
`;

const tsc = application({ name: 'Nest 12, tsc, ESM', folder: 'tsc', builder: 'tsc' });

const swc = application({
  name: 'Nest 12, swc, ESM',
  folder: 'swc',
  builder: 'swc',
  boot: 'floating',
});

const commonJs = application({
  name: 'Nest 12, tsc, CommonJS',
  folder: 'commonjs',
  builder: 'tsc',
  system: 'CommonJS',
  boot: 'floating',
});

const inMonorepo = monorepo({
  name: 'Nest 12 monorepo, rspack, ESM',
  compiler: { builder: 'rspack' },
});

const bundle: Form = {
  ...application({
    name: 'Nest 12, rspack, everything in one file, ESM',
    folder: 'bundle',
    builder: 'rspack',
    files: { 'rspack.config.js': `export default ${BUNDLE_ALL}` },
  }),
  bundle: 'dist/main.js',
  isAlone: true,
};

const commonJsBundle: Form = {
  ...application({
    name: 'Nest 12, rspack, everything in one file, CommonJS',
    folder: 'commonjs-bundle',
    builder: 'rspack',
    system: 'CommonJS',
    boot: 'floating',
    files: { 'rspack.config.js': `module.exports = ${BUNDLE_ALL}` },
  }),
  bundle: 'dist/main.js',
  isAlone: true,
};

/** `--import tsx` reaches no workers on Node 20. */
const REGISTER_TSX = "import { register } from 'tsx/esm/api'; register();";

const swcNode = runDirectly({
  name: 'Nest 12, TypeScript run by @swc-node/register',
  folder: 'swc-node',
  register: '@swc-node/register/esm-register',
});

const tsx = runDirectly({
  name: 'Nest 12, TypeScript run by tsx, with tokens',
  folder: 'tsx',
  register: './tsx.mjs',
  files: { 'tsx.mjs': REGISTER_TSX },
  injection: 'tokens',
});

export const nest12Forms: readonly Form[] = [
  tsc,
  swc,
  commonJs,
  inMonorepo,
  bundle,
  commonJsBundle,
  swcNode,
  tsx,
];

export const fastify: Form = application({
  name: 'Nest 12, tsc, ESM, Fastify',
  folder: 'fastify',
  builder: 'tsc',
  platform: 'fastify',
});
