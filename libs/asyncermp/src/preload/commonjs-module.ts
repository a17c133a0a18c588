import { parse } from 'es-module-lexer';
import { applyEdits } from './edits.js';
import { RESERVED } from './module-image.js';
import { checkNames, dynamicImports, type ModuleSource } from './module-source.js';

/** What is required under a name that the source says; anything else is left to Node when it is asked for. */
const REQUIRE = /\brequire\(\s*(["'])([^"'\n]+)\1\s*\)/g;

/** Node's own wrapper, and `import()`. */
const HEAD = `(function(exports,require,module,__filename,__dirname,${RESERVED}import){`;

/** @throws UnsupportedModuleError, and what the lexer throws for a source that it cannot read */
export function commonJsModule(source: string): ModuleSource {
  checkNames(source);
  const [imports] = parse(source);
  return {
    head: HEAD,
    body: `${applyEdits(source.replace(/^#!/, '//'), dynamicImports(imports))}\n})`,
    requests: [...new Set([...source.matchAll(REQUIRE)].map(([, , specifier = '']) => specifier))],
    stars: [],
  };
}
