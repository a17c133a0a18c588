import { existsSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModuleRegistration } from '../injection/module-registry.js';
import type { ExportedModule, RootSource } from '../protocol/injection-plan.js';
import { setTimeout } from '../protocol/real-timers.js';
import { urlOf } from '../worker/file-url.js';

/** A module, as the application's container has it. */
export interface ImportedModule {
  readonly type: Function;
  /** Whether it was passed as a dynamic module: its class alone would make another application. */
  readonly isDynamic: boolean;
}

/** The root module of an application. */
export interface RootRecord extends ImportedModule {
  readonly imports: readonly ImportedModule[];
}

/** Where workers find the root module, or why they cannot. */
export type FoundRoot =
  | { readonly source: RootSource; readonly reason?: undefined }
  | { readonly source?: undefined; readonly reason: string };

/**
 * How a worker gets the root module: by the option `root`; from a file that exports the class; or from the entry
 * file, which passes it to `NestFactory`. The root of a testing module is one that imports the same modules.
 *
 * @param registration - The application's call of `forRoot()`.
 * @param isBundled - Whether the library is part of a bundle with the application.
 */
export async function findRoot(
  root: RootRecord,
  { file, options }: ModuleRegistration,
  isBundled: boolean,
): Promise<FoundRoot> {
  if (options.root !== undefined) {
    return { source: { kind: 'option' } };
  }
  const entry = isBundled ? file : entryOfProcess();
  const exported = await exportOfModule(root, file, entry);
  if (exported) {
    return { source: { kind: 'export', ...exported } };
  }
  const { type } = root;
  if (TEST_ROOT.test(type.name)) {
    const imports = await Promise.all(
      root.imports.map((each) => exportOfModule(each, file, entry)),
    );
    const modules = imports.filter((each) => each !== undefined);
    return modules.length > 0
      ? { source: { kind: 'test', modules } }
      : { reason: 'it was made by Test.createTestingModule(), so no file exports it' };
  }
  if (entry === undefined) {
    return {
      reason: 'no file exports it, and the file that started this process is no application',
    };
  }
  return { source: { kind: 'entry', file: entry, name: type.name } };
}

/** The root module of `@nestjs/testing`. */
const TEST_ROOT = /^RootTestModule$/;

async function exportOfModule(
  { type, isDynamic }: ImportedModule,
  file: string | undefined,
  entry: string | undefined,
): Promise<ExportedModule | undefined> {
  if (isDynamic) {
    return undefined;
  }
  return (
    (file !== undefined ? await exportOf(file, type, entry) : undefined) ??
    exportInRequireCache(type)
  );
}

/** The export of the file that is the class. */
async function exportOf(
  file: string,
  type: Function,
  entry: string | undefined,
): Promise<ExportedModule | undefined> {
  const required = requireCache[pathOf(file)];
  if (required !== undefined) {
    return nameIn(required.exports, type, file);
  }
  // An entry file that awaits the application is not evaluated before the application has started.
  if (entry !== undefined && urlOf(entry) === urlOf(file)) {
    return undefined;
  }
  const namespace = await Promise.race([importAgain(file), muchLater()]);
  return nameIn(namespace, type, file);
}

/** A module that was imported before is not evaluated again. */
async function importAgain(file: string): Promise<unknown> {
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ urlOf(file));
  } catch {
    // What runs the file is not Node: a test runner, say.
    return undefined;
  }
}

/** For a file that awaits something which waits for this application. */
function muchLater(): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), EVALUATED_WITHIN_MS).unref();
  });
}

const EVALUATED_WITHIN_MS = 1_000;

/**
 * The one cache of this process. Not by an import of `createRequire()`, which webpack replaces. Under jest the
 * application's files are not in it.
 */
const requireCache: Partial<NodeJS.Dict<NodeJS.Module>> = process
  .getBuiltinModule('node:module')
  .createRequire(process.execPath).cache;

/** In CommonJS, the file that exports the class is known whichever it is. */
function exportInRequireCache(type: Function): ExportedModule | undefined {
  for (const [file, module] of Object.entries(requireCache)) {
    const isOfPackage = file.includes(`${sep}node_modules${sep}`);
    const found = isOfPackage ? undefined : nameIn(module?.exports, type, file);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function nameIn(exports: unknown, type: Function, file: string): ExportedModule | undefined {
  if (typeof exports !== 'object' || exports === null) {
    return undefined;
  }
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(exports))) {
    // Compilers export by getters, which may throw while files import each other.
    const value = valueOf(descriptor, exports);
    if (value === type) {
      return { file, name };
    }
  }
  return undefined;
}

function valueOf(descriptor: PropertyDescriptor, owner: object): unknown {
  try {
    return descriptor.get ? descriptor.get.call(owner) : descriptor.value;
  } catch {
    return undefined;
  }
}

/** The file that this process runs; undefined for a tool, such as a test runner. */
export function entryOfProcess(): string | undefined {
  const given = process.env['pm_exec_path'] ?? process.argv[1];
  if (given === undefined || given.includes(`${sep}node_modules${sep}`)) {
    return undefined;
  }
  const file = ['', '.js', '.cjs', '.mjs', `${sep}index.js`]
    .map((ending) => given + ending)
    .find((each) => /\.[cm]?[jt]s$/.test(each) && existsSync(each));
  return file;
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}
