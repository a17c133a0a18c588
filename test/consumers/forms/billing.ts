import { billingSources, type Dialect } from '../sources.js';
import type { Files } from '../workspace.js';
import { application, type Build, type Form } from './form.js';

/** The packages of both Nest majors that the application of this kind has. */
const common = {
  'class-validator': '^0.15.1',
  'class-transformer': '^0.5.1',
  'cache-manager': '^7.2.9',
  keyv: '^5.0.0',
  'nestjs-i18n': '^10.8.5',
  'nestjs-pino': '^5.2.1',
  pino: '^10.4.0',
  'pino-http': '^11.0.0',
  // In JavaScript, where better-sqlite3 may take minutes to compile.
  'sql.js': '^1.16.0',
};

export const billing11Dependencies = {
  ...common,
  '@nestjs/bullmq': '^11.0.5',
  '@nestjs/cache-manager': '^3.1.3',
  '@nestjs/config': '^4.0.4',
  '@nestjs/cqrs': '^11.0.3',
  '@nestjs/jwt': '^11.0.2',
  '@nestjs/schedule': '^6.1.3',
  '@nestjs/typeorm': '^11.0.3',
  bullmq: '^5.0.0',
  'nestjs-cls': '^6.3.1',
  typeorm: '^0.3.0',
};

export const billing12Dependencies = {
  ...common,
  '@nestjs/bullmq': '^12.0.0',
  '@nestjs/cache-manager': '^12.0.0',
  '@nestjs/config': '^12.0.1',
  '@nestjs/cqrs': '^12.0.0',
  '@nestjs/jwt': '^12.0.2',
  '@nestjs/schedule': '^12.0.2',
  '@nestjs/typeorm': '^12.0.2',
  bullmq: '^6.0.0',
  ioredis: '^5.0.0',
  'nestjs-cls': '^7.0.0',
  typeorm: '^1.1.1',
};

/** The packages are those of the workspace, where the Nest CLI's configuration does not look for them. */
const externals = (options: string): string => `(given) => ({
  ...given,
  externals: [
    require('webpack-node-externals')({ additionalModuleDirs: ['../../node_modules'], ${options} }),
    ...given.externals,
  ],
})`;

/** The configurations of the builders that need one. */
const configs: Partial<Record<Build['builder'], Files>> = {
  webpack: { 'webpack.config.js': `module.exports = ${externals('')};` },
  rspack: {
    'rspack.config.js': `
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      export default ${externals("importType: 'module'")};`,
  },
};

export const billing11Forms: readonly Form[] = [
  billing('Nest 11, tsc, CommonJS', 'tsc', { system: 'CommonJS', boot: 'floating' }),
  billing('Nest 11, webpack, CommonJS', 'webpack', { system: 'CommonJS', boot: 'floating' }),
];

export const billing12Forms: readonly Form[] = [
  billing('Nest 12, tsc, ESM', 'tsc', {}),
  billing('Nest 12, swc, ESM', 'swc', {}),
  billing('Nest 12, rspack, ESM', 'rspack', {}),
];

/** An application as teams have it, with the packages that most of them use. */
function billing(name: string, builder: Build['builder'], dialect: Dialect): Form {
  return application({
    name: `${name}, an application with the packages of the field`,
    folder: `billing-${builder}`,
    builder,
    files: configs[builder] ?? {},
    sources: billingSources(dialect),
    ...dialect,
  });
}
