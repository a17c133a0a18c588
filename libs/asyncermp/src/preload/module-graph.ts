import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { extname } from 'node:path';
import { commonJsModule } from './commonjs-module.js';
import { esModule } from './es-module.js';
import type { ModuleFormat } from './module-image.js';
import { UnsupportedModuleError, type ModuleSource } from './module-source.js';
import { FileResolver } from './resolve-file.js';

/** A file of the graph. */
export interface GraphModule extends ModuleSource {
  readonly number: number;
  readonly file: string;
  readonly format: ModuleFormat;
  /** By specifier: the module, or the name of one of Node's own. */
  readonly dependencies: Map<string, GraphModule | string>;
}

/**
 * Reads the files, and whatever they import or require by name.
 *
 * @throws UnsupportedModuleError for a file that an image cannot hold
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
    const module = {
      number: modules.size,
      file,
      format,
      ...sourceOf(file, format),
      dependencies: new Map(),
    };
    modules.set(file, module);
    for (const specifier of module.requests) {
      const found = find(specifier, module);
      if (found !== undefined) {
        module.dependencies.set(specifier, found);
      }
    }
    return module;
  }

  function find(
    specifier: string,
    { file, format }: GraphModule,
  ): GraphModule | string | undefined {
    if (isBuiltin(specifier)) {
      return specifier;
    }
    // What is required may be optional, or no JavaScript: Node finds out, when it comes to that.
    if (format === 'commonjs') {
      const found = attempt(() => resolver.resolve(specifier, file, format));
      return found !== undefined && JAVASCRIPT.has(extname(found)) ? read(found) : undefined;
    }
    return read(resolver.resolve(specifier, file, format));
  }

  for (const entry of entries) {
    read(entry);
  }
  return [...modules.values()];
}

const JAVASCRIPT = new Set(['.js', '.cjs', '.mjs']);

function sourceOf(file: string, format: ModuleFormat): ModuleSource {
  try {
    const source = readFileSync(file, 'utf8');
    return format === 'module' ? esModule(source) : commonJsModule(source);
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
