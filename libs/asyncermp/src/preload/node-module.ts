import { Module } from 'node:module';

/** A CommonJS module of Node's, with what its types leave out. */
interface NodeModule {
  filename: string;
  loaded: boolean;
  exports: unknown;
  /** Used by whatever compiles on the fly (pirates, tsx, require-from-string). */
  _compile(source: string, filename: string, format: 'module' | 'commonjs'): void;
}

const NodeModule = Module as unknown as {
  new (id: string): NodeModule;
  /** `require.cache`. */
  readonly _cache: Record<string, NodeModule>;
};

/**
 * Compiles and evaluates the source as if it stood in the file, and returns what it exports. An ES
 * module is found under the file by `import` from then on.
 */
export function evaluateAs(file: string, source: string, format: 'module' | 'commonjs'): unknown {
  const module = new NodeModule(file);
  module.filename = file;
  module._compile(source, file, format);
  return module.exports;
}

/** Has `require()` of the file return what is asked for then. Most are never required: they are made for who does. */
export function provide(file: string, exports: () => unknown): void {
  const keep = (module: NodeModule): void => {
    Object.defineProperty(NodeModule._cache, file, { ...KEPT, value: module, writable: true });
  };
  Object.defineProperty(NodeModule._cache, file, {
    ...KEPT,
    get: () => {
      const module = new NodeModule(file);
      module.filename = file;
      module.loaded = true;
      Object.defineProperty(module, 'exports', { ...KEPT, get: exports });
      keep(module);
      return module;
    },
    set: keep,
  });
}

const KEPT = { configurable: true, enumerable: true } as const;
