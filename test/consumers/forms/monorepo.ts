import { compilerOptions } from '../../support/compiler-options.js';
import { appSources, placedIn, type Dialect } from '../sources.js';
import type { Files } from '../workspace.js';
import type { Form } from './form.js';

export interface Monorepo extends Dialect {
  readonly name: string;
  readonly compiler: { readonly builder: 'rspack' } | { readonly webpack: true };
  readonly baseUrl?: string;
}

/**
 * A Nest monorepo, as `nest generate app` and `nest generate library` make it, at the root of the
 * workspace: the application names its library of handlers by an alias, and is built into one file.
 */
export function monorepo({ name, compiler, baseUrl, ...dialect }: Monorepo): Form {
  const { library, app } = split(appSources(dialect));
  const project = { extends: '../../tsconfig.json', include: ['src'] };
  return {
    name,
    folder: '.',
    files: {
      ...placedIn('libs/contours/src', library),
      ...placedIn('apps/survey/src', app),
      'apps/survey/tsconfig.app.json': JSON.stringify({
        ...project,
        compilerOptions: { outDir: '../../dist/apps/survey' },
      }),
      'libs/contours/tsconfig.lib.json': JSON.stringify({
        ...project,
        compilerOptions: { declaration: true, outDir: '../../dist/libs/contours' },
      }),
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          ...compilerOptions,
          rootDir: '.',
          baseUrl,
          paths: { '@survey/contours': ['./libs/contours/src'] },
        },
        files: [],
        references: [
          { path: './apps/survey/tsconfig.app.json' },
          { path: './libs/contours/tsconfig.lib.json' },
        ],
      }),
      'nest-cli.json': JSON.stringify({
        sourceRoot: 'apps/survey/src',
        root: 'apps/survey',
        monorepo: true,
        compilerOptions: { ...compiler, tsConfigPath: 'apps/survey/tsconfig.app.json' },
        projects: {
          survey: {
            type: 'application',
            root: 'apps/survey',
            entryFile: 'main',
            sourceRoot: 'apps/survey/src',
            compilerOptions: { tsConfigPath: 'apps/survey/tsconfig.app.json' },
          },
          contours: {
            type: 'library',
            root: 'libs/contours',
            entryFile: 'index',
            sourceRoot: 'libs/contours/src',
            compilerOptions: { tsConfigPath: 'libs/contours/tsconfig.lib.json' },
          },
        },
      }),
    },
    build: ['build', 'survey'],
    run: ['--enable-source-maps', 'dist/apps/survey/main.js'],
    bundle: 'dist/apps/survey/main.js',
  };
}

const LIBRARY = /^contours\//;

function split(sources: Files): { readonly library: Files; readonly app: Files } {
  const entries = Object.entries(sources);
  return {
    library: Object.fromEntries(
      entries
        .filter(([name]) => LIBRARY.test(name))
        .map(([name, text]) => [name.replace(LIBRARY, ''), text]),
    ),
    app: Object.fromEntries(
      entries
        .filter(([name]) => !LIBRARY.test(name))
        .map(([name, text]) => [
          name,
          text.replaceAll(/'\.\/contours(\/index\.js)?'/g, "'@survey/contours'"),
        ]),
    ),
  };
}
