import { readFileSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import type { ModuleFormat } from './image-format.js';
import {
  readCommonJsModule,
  readEsModule,
  UnsupportedModuleError,
  type ModuleSource,
  type StarExport,
} from './module-source.js';

/** A file that an image holds. */
export interface GraphModule extends ModuleSource {
  readonly number: number;
  readonly file: string;
  readonly format: ModuleFormat;
  /** By specifier: the module, or the name of a module of Node's own. */
  readonly dependencies: ReadonlyMap<string, GraphModule | string>;
  /** Whether it is an ES module that imports itself, directly or through others. */
  readonly isInCycle: boolean;
}

/**
 * Reads the files, and those that they import, or require by a literal name.
 *
 * @param entries - Absolute paths.
 * @throws UnsupportedModuleError for a file that an image cannot hold, and what Node throws for a file that
 * is not there
 */
export function readModuleGraph(entries: readonly string[]): GraphModule[] {
  const resolver = new FileResolver();
  const modules = new Map<string, GraphModule>();

  function read(file: string): GraphModule {
    const known = modules.get(file);
    if (known !== undefined) {
      return known;
    }
    const format = resolver.formatOf(file);
    const source = readSource(file, format === 'module' ? readEsModule : readCommonJsModule);
    const dependencies = new Map<string, GraphModule | string>();
    const number = modules.size;
    const module = { number, file, format, ...source, dependencies, isInCycle: false };
    modules.set(file, module);
    for (const specifier of source.requests) {
      const found = isBuiltin(specifier) ? specifier : find(specifier, module);
      if (found !== undefined) {
        dependencies.set(specifier, found);
      }
    }
    return module;
  }

  function find(specifier: string, { file, format }: GraphModule): GraphModule | undefined {
    if (format === 'module') {
      return read(resolver.resolve(specifier, file, format));
    }
    // A required file may be missing, or no JavaScript: Node finds out when it is required.
    const found = attempt(() => resolver.resolve(specifier, file, format));
    return found !== undefined && JAVASCRIPT.has(extname(found)) ? read(found) : undefined;
  }

  for (const entry of entries) {
    read(entry);
  }
  const graph = [...modules.values()];
  const cyclic = nodesInCycles(graph, importedModules);
  return graph.map((module) =>
    module.format === 'module' && cyclic.has(module) ? withLiveBindings(module) : module,
  );
}

const JAVASCRIPT = new Set(['.js', '.cjs', '.mjs']);

function readSource(file: string, read: (source: string) => ModuleSource): ModuleSource {
  try {
    return read(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnsupportedModuleError(`${file}: ${reason}`, { cause: error });
  }
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function importedModules({ dependencies }: GraphModule): GraphModule[] {
  return [...dependencies.values()].filter((found) => typeof found !== 'string');
}

function withLiveBindings(module: GraphModule): GraphModule {
  const { text } = readSource(module.file, (source) => readEsModule(source, starExports(module)));
  return { ...module, text, isInCycle: true };
}

/** The names of a module's `export *`. Of CommonJS modules they are not known before they have evaluated. */
function starExports(module: GraphModule): StarExport[] {
  const found = new Map<string, number>();
  for (const [name, request] of starExportsIn(module, new Set())) {
    if (name !== 'default' && !module.exports.includes(name) && !found.has(name)) {
      found.set(name, request);
    }
  }
  return [...found];
}

function starExportsIn(module: GraphModule, seen: Set<GraphModule>): StarExport[] {
  seen.add(module);
  return module.stars.flatMap((request) => {
    const from = module.dependencies.get(module.requests[request] ?? '');
    if (typeof from !== 'object' || seen.has(from)) {
      return [];
    }
    const names = [...from.exports, ...starExportsIn(from, seen).map(([name]) => name)];
    return names.map((name): StarExport => [name, request]);
  });
}

/**
 * The nodes of a directed graph that lead back to themselves: its strongly connected components of more
 * than one node (Tarjan, 1972), and the nodes that lead to themselves directly.
 *
 * @param next - The nodes that a node leads to.
 */
export function nodesInCycles<N>(nodes: Iterable<N>, next: (node: N) => Iterable<N>): Set<N> {
  const cyclic = new Set<N>();
  const order = new Map<N, number>();
  const path: N[] = [];
  const onPath = new Set<N>();

  /** Returns the order of the earliest node on the path that the node leads back to. */
  function visit(node: N): number {
    const own = order.size;
    let earliest = own;
    order.set(node, own);
    path.push(node);
    onPath.add(node);
    for (const other of next(node)) {
      const seen = order.get(other);
      if (seen === undefined) {
        earliest = Math.min(earliest, visit(other));
      } else if (onPath.has(other)) {
        earliest = Math.min(earliest, seen);
      }
      if (other === node) {
        cyclic.add(node);
      }
    }
    if (earliest === own) {
      const component = path.splice(path.indexOf(node));
      for (const member of component) {
        onPath.delete(member);
        if (component.length > 1) {
          cyclic.add(member);
        }
      }
    }
    return earliest;
  }

  for (const node of nodes) {
    if (!order.has(node)) {
      visit(node);
    }
  }
  return cyclic;
}

/**
 * Finds the files that modules ask for, as Node does. But the name of a package is resolved as by
 * `require()`: a package that has another file for `import` is loaded a second time when a file outside of
 * the image imports it.
 */
class FileResolver {
  readonly #formats = new Map<string, ModuleFormat>();
  readonly #found = new Map<string, string>();

  /** @throws what Node throws for a file that is not there */
  resolve(specifier: string, from: string, format: ModuleFormat): string {
    const directory = dirname(from);
    if (!/^\.\.?(?:\/|$)/.test(specifier)) {
      // Files of one package see the same packages, since a package of its own would lie beside its package.json.
      const key = `${packageRootOf(from) ?? directory}\n${specifier}`;
      return this.#once(key, () => createRequire(from).resolve(specifier));
    }
    const path = resolve(directory, specifier);
    if (format === 'module') {
      return path;
    }
    return this.#once(
      path,
      () =>
        ENDINGS.map((ending) => path + ending).find(isFile) ??
        createRequire(from).resolve(specifier),
    );
  }

  /** By the ending, or else by the `type` of the package that the file is in. */
  formatOf(file: string): ModuleFormat {
    if (file.endsWith('.mjs')) {
      return 'module';
    }
    return file.endsWith('.cjs') ? 'commonjs' : this.#formatIn(dirname(file));
  }

  #once(key: string, find: () => string): string {
    let file = this.#found.get(key);
    if (file === undefined) {
      file = find();
      this.#found.set(key, file);
    }
    return file;
  }

  #formatIn(directory: string): ModuleFormat {
    let format = this.#formats.get(directory);
    if (format === undefined) {
      const parent = dirname(directory);
      const inherited = () => (parent === directory ? 'commonjs' : this.#formatIn(parent));
      format = declaredFormat(directory) ?? inherited();
      this.#formats.set(directory, format);
    }
    return format;
  }
}

const ENDINGS = ['', '.js', '/index.js'];

/** The directory of the installed package that the file is in; undefined for a file of none. */
function packageRootOf(file: string): string | undefined {
  return INSTALLED.exec(file)?.[0];
}

const INSTALLED = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/;

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function declaredFormat(directory: string): ModuleFormat | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, 'package.json'), 'utf8');
  } catch {
    return undefined;
  }
  const { type } = JSON.parse(text) as { type?: unknown };
  return type === 'module' ? 'module' : 'commonjs';
}
