import { compilerOptions } from '../../support/compiler-options.js';
import { appSources, geometrySources, placedIn, type Dialect } from '../sources.js';
import type { Files, Workspace } from '../workspace.js';

/** An application in one of the forms that users give it. */
export interface Form {
  readonly name: string;
  /** Where its commands run, below the workspace. */
  readonly folder: string;
  readonly files: Files;
  /** Arguments of the `nest` that builds it; none where nothing does. */
  readonly build?: readonly string[];
  /** Arguments of the `node` that runs it. */
  readonly run: readonly string[];
  /** The only JavaScript in the folder of the build, where it is a bundle. */
  readonly bundle?: string;
  /** Whether its builder makes no source maps by default. */
  readonly hasNoMaps?: boolean;
  /** Whether it runs from a folder with nothing else: it holds all that it needs. */
  readonly isAlone?: boolean;
}

export interface Build extends Dialect {
  readonly name: string;
  /** The name of its folder. */
  readonly folder: string;
  readonly builder: 'tsc' | 'swc' | 'rspack' | 'webpack';
  /** More of its files. */
  readonly files?: Files;
  /** Its sources and what belongs to them, by path below its folder; those of the survey by default. */
  readonly sources?: Files;
}

/** An application in a folder of its own, as `nest new` makes it. */
export function application({ name, folder, builder, files, sources, ...dialect }: Build): Form {
  const root = `apps/${folder}`;
  return {
    name,
    folder: root,
    files: {
      ...placedIn(root, sources ?? placedIn('src', appSources(dialect))),
      ...placedIn(root, {
        'package.json': manifest(`survey-${folder}`, dialect),
        'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
        'nest-cli.json': JSON.stringify({
          sourceRoot: 'src',
          compilerOptions: { builder, deleteOutDir: true },
        }),
        ...files,
      }),
    },
    build: ['build'],
    run: ['--enable-source-maps', 'dist/main.js'],
  };
}

/** An application whose TypeScript is run as it is, as in development. */
export function runDirectly({
  name,
  folder,
  files,
  register,
  ...dialect
}: Omit<Build, 'builder' | 'sources'> & { readonly register: string }): Form {
  const root = `apps/${folder}`;
  return {
    name,
    folder: root,
    files: {
      ...placedIn(`${root}/src`, appSources(dialect)),
      ...placedIn(root, {
        'package.json': manifest(`survey-${folder}`, dialect),
        'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
        ...files,
      }),
    },
    run: ['--enable-source-maps', '--import', register, 'src/main.ts'],
  };
}

/** The package of the workspace that the applications have handlers from. */
function geometryPackage(dialect: Pick<Dialect, 'system'>): Files {
  return placedIn('packages/geometry', {
    ...placedIn('src', geometrySources(dialect)),
    'package.json': manifest('survey-geometry', dialect, {
      main: './dist/index.js',
      types: './dist/index.d.ts',
    }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: { ...compilerOptions, declaration: true },
      include: ['src'],
    }),
  });
}

/** All files of a workspace with these applications. */
export function workspaceFiles(
  forms: readonly Pick<Form, 'files'>[],
  dialect: Pick<Dialect, 'system'>,
): Files {
  const files = [geometryPackage(dialect), ...forms.map((form) => form.files)];
  return Object.fromEntries(files.flatMap((some) => Object.entries(some)));
}

export async function buildGeometry(workspace: Workspace): Promise<void> {
  await workspace.run('packages/geometry', ['typescript', 'tsc'], '-p', '.');
}

export function manifest(name: string, { system }: Pick<Dialect, 'system'>, more = {}): string {
  const type = system === 'CommonJS' ? 'commonjs' : 'module';
  return JSON.stringify({ name, version: '1.0.0', private: true, type, ...more });
}
