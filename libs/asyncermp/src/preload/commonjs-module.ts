import { parse } from 'es-module-lexer';
import { applyEdits } from './edits.js';
import { RESERVED } from './module-image.js';
import { checkText, dynamicImports, type ModuleSource } from './module-source.js';

/** Node's own wrapper, and `import()`. */
const HEAD = `(function(exports,require,module,__filename,__dirname,${RESERVED}self){`;

/** @throws UnsupportedModuleError, and what the lexer throws for a source that it cannot read */
export function commonJsModule(source: string): ModuleSource {
  checkText(source);
  const [imports] = parse(source);
  return {
    text: {
      head: HEAD,
      body: `${applyEdits(source.replace(/^#!/, '//'), dynamicImports(imports))}\n})`,
    },
    requests: requestsOf(source),
    exports: [],
    importCount: 0,
    isEmpty: false,
    stars: [],
  };
}

/** What is required by a name that the source says; anything else is left to Node when it is asked for. */
const REQUIRE = /\brequire\(\s*(["'])([^"'\n]+)\1\s*\)/g;

/** A line of the module itself, rather than of a function in it, as compilers write them. */
const OUTER_LINE = /^\S.*/gm;

/**
 * The files of the package, and the packages that are required at once: those that a function asks for
 * may be optional, or large, and workers seldom need them.
 */
function requestsOf(source: string): string[] {
  const relative = specifiersIn(source).filter((specifier) => specifier.startsWith('.'));
  const packages = (source.match(OUTER_LINE) ?? []).flatMap(specifiersIn);
  return [...new Set([...relative, ...packages])];
}

function specifiersIn(text: string): string[] {
  return [...text.matchAll(REQUIRE)].map(([, , specifier = '']) => specifier);
}
