/*
 * For Node 20, and Node 22 before 22.15. They have no `module.registerHooks()`, and no public way to give
 * Node a module of another source in the place of a file. So this file uses `_compile()` of Node's modules,
 * as other packages do that compile on the fly (pirates, tsx, require-from-string). It can go when support
 * for these versions does.
 */
import { Module } from 'node:module';

interface NodeModule {
  filename: string;
  readonly exports: unknown;
  _compile(source: string, filename: string, format: 'module' | 'commonjs'): void;
}

const NodeModule = Module as unknown as new (id: string) => NodeModule;

/**
 * Evaluates the source as if it stood in the file, and returns its exports. An ES module is found under the
 * file by `import` from then on.
 */
export function evaluateAs(file: string, source: string, format: 'module' | 'commonjs'): unknown {
  const module = new NodeModule(file);
  module.filename = file;
  module._compile(source, file, format);
  return module.exports;
}
