import * as nodeModule from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ImageModule, ModuleSelf } from './image-format.js';
import type { Linker } from './linker.js';
import { evaluateAs } from './without-hooks.js';

/** A facade finds the linker of its thread under this key. */
const KEY = 'worker-image:linker:1';

/**
 * Evaluates the entries of an image, and registers its modules with Node, for the files that are not in the
 * image: one that imports a module of the image gets the same copy.
 *
 * A CommonJS module is put into `require.cache`, where `import` finds it, too. In the place of an ES module
 * Node gets a facade, an ES module that exports the same: from a hook, when it is first imported or
 * required. Before Node 22.15, which has no hooks in the same thread, all facades are made at once, when
 * their modules have evaluated.
 */
export function registerModules(
  modules: readonly ImageModule[],
  linker: Linker,
  evaluateEntries: () => void,
): void {
  (globalThis as Record<symbol, unknown>)[Symbol.for(KEY)] = linker;
  if (registerHooks) {
    registerHooks({ load: loadFacades(modules, linker) });
    for (const [number, { file, format }] of modules.entries()) {
      if (format === 'commonjs') {
        cacheRequired(file, () => linker.exports(number));
      }
    }
    evaluateEntries();
    return;
  }
  evaluateEntries();
  for (const [number, { file, format, isPrivate }] of modules.entries()) {
    if (format === 'module' && !isPrivate) {
      evaluateAs(file, facadeOf(number, linker), 'module');
    }
    cacheRequired(file, () => linker.exports(number));
  }
}

/** Makes the `import()` of a file, which resolves relative to it. */
export function importFrom(file: string): ModuleSelf['import'] {
  if (!registerHooks) {
    const source = 'module.exports = (specifier, options) => import(specifier, options)';
    return evaluateAs(file, source, 'commonjs') as ModuleSelf['import'];
  }
  const importer = import(pathToFileURL(file).href + IMPORTER) as Promise<Importer>;
  return async (specifier, options) => (await importer).run(specifier, options);
}

/** Makes another module of the file's URL, one that imports for it. */
const IMPORTER = '?worker-image:importer';

interface Importer {
  readonly run: ModuleSelf['import'];
}

type Load = (url: string, context: object) => object;
type LoadHook = (url: string, context: object, nextLoad: Load) => object;

/** Since Node 22.15 and 23.5. */
const { registerHooks } = nodeModule as {
  readonly registerHooks?: (hooks: { load: LoadHook }) => void;
};

function loadFacades(modules: readonly ImageModule[], linker: Linker): LoadHook {
  const esModule = (source: string): object => ({ format: 'module', source, shortCircuit: true });
  return (url, context, nextLoad) => {
    if (url.endsWith(IMPORTER)) {
      return esModule('export const run = (specifier, options) => import(specifier, options)');
    }
    // With a query it would be another module.
    const number = /^file:[^?#]*$/.test(url) ? linker.find(fileURLToPath(url)) : undefined;
    return number === undefined || modules[number]?.format !== 'module'
      ? nextLoad(url, context)
      : esModule(facadeOf(number, linker));
  };
}

function facadeOf(number: number, linker: Linker): string {
  const names = Object.keys(linker.namespace(number));
  const values = names.map((name, at) => `,$${at}=m[${JSON.stringify(name)}]`);
  const exported = names.map((name, at) => `$${at} as ${JSON.stringify(name)}`);
  return (
    `const m=globalThis[Symbol.for(${JSON.stringify(KEY)})].namespace(${number})` +
    `${values.join('')};export{${exported.join(',')}};`
  );
}

const { cache } = nodeModule.createRequire(import.meta.url);

/** Most modules are never required from outside, so an entry is filled when it is asked for. */
function cacheRequired(file: string, exports: () => unknown): void {
  const set = (module: NodeJS.Module): void => {
    Object.defineProperty(cache, file, { ...ENTRY, value: module, writable: true });
  };
  Object.defineProperty(cache, file, {
    ...ENTRY,
    get: () => {
      const module = {
        id: file,
        filename: file,
        path: dirname(file),
        paths: nodeModule.createRequire(file).resolve.paths('any') ?? [],
        loaded: true,
        children: [],
      };
      Object.defineProperty(module, 'exports', { ...ENTRY, get: exports });
      set(module as Partial<NodeJS.Module> as NodeJS.Module);
      return module;
    },
    set,
  });
}

const ENTRY = { configurable: true, enumerable: true } as const;
