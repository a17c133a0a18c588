import {
  parse,
  type DirectExport,
  type Export,
  type Import,
  type Reexport,
  type StaticImport,
} from 'es-module-lexer';
import { DEFAULT, RESERVED } from './image-format.js';

/** A module as a function, and the modules that it asks for. */
export interface ModuleSource {
  readonly text: FunctionText;
  /** Specifiers, each once, in the order in which the module asks for them. */
  readonly requests: readonly string[];
  /** The names that an ES module exports, without those of `stars`. */
  readonly exports: readonly string[];
  /** The requests from which an ES module exports everything, by their place in `requests`. */
  readonly stars: readonly number[];
  /** Whether the module exports nothing and does nothing, like a compiled file of types. */
  readonly isEmpty: boolean;
}

export interface FunctionText {
  /** The text before the module's own first line, on the same line. */
  readonly head: string;
  /** The module's own text, every line of it still a line, and the end of the function. */
  readonly body: string;
}

/** The module uses something that an image cannot hold. */
export class UnsupportedModuleError extends Error {}

/** A name that a module exports through `export *`, and the place of the request that it comes from. */
export type StarExport = readonly [name: string, request: number];

/**
 * Makes a function of an ES module. Its imports become constants, since its dependencies have evaluated
 * before, and importers get the value that an export has once the module has evaluated:
 *
 * ```js
 * (function (namespace, dependency, self) {
 *   'use strict';
 *   const imported = dependency(0).imported, ...;
 *   ...                              // the module's own text, without imports and exports
 *   namespace.exported = exported; ...
 * })
 * ```
 *
 * In a cycle a binding can be used before its module has evaluated, so there imports and exports are
 * live. Strict code may not contain `with`, but a strict function inside of it sees the bindings:
 *
 * ```js
 * (function (namespace, dependency, self, link) {
 *   with ({ get imported() { return dependency(0).imported }, ... }) {
 *     (function () {
 *       'use strict';
 *       link({ get exported() { return exported }, ... });
 *       ...                          // the module's own text
 *     })();
 *   }
 * })
 * ```
 *
 * @param starExports - In a cycle: the names that the module exports through `export *`.
 * @throws UnsupportedModuleError, and what the lexer throws for a source that it cannot read
 */
export function readEsModule(source: string, starExports?: readonly StarExport[]): ModuleSource {
  checkNames(source);
  const [found, exported] = parse(source);
  checkVariables(source, exported);
  const statements = found.filter(isStatement);
  const requests = [...new Set(statements.map(({ specifier }) => specifier))];
  const numberOf = (specifier: string): number => requests.indexOf(specifier);
  const imports = statements.flatMap((statement) =>
    importsOf(source, statement, numberOf(statement.specifier)),
  );
  const exports = exported
    .filter((each) => each.type !== 'reexport-all')
    .map((each) => ({ name: each.name, value: valueOf(each, numberOf) }));
  const text = applyEdits(source, [
    ...statements.map(({ importStart, importEnd }) => remove(importStart, importEnd)),
    ...selfEdits(found),
    ...exportEdits(source, exported, statements),
  ]);
  return {
    text:
      starExports === undefined
        ? plainFunction(text, imports, exports)
        : liveFunction(text, imports, [
            ...exports,
            ...starExports.map(([name, request]) => ({ name, value: member(request, name) })),
          ]),
    requests,
    exports: exports.map(({ name }) => name),
    stars: statements
      .filter(({ type }) => type === 'reexport-star')
      .map(({ specifier }) => numberOf(specifier)),
    isEmpty: found.length === 0 && exported.length === 0 && text.replace(COMMENT, '').trim() === '',
  };
}

/**
 * Makes a function of a CommonJS module, as Node itself does.
 *
 * @throws UnsupportedModuleError, and what the lexer throws for a source that it cannot read
 */
export function readCommonJsModule(source: string): ModuleSource {
  checkNames(source);
  const [found] = parse(source);
  const parameters = `exports,require,module,__filename,__dirname,${RESERVED}self`;
  return {
    text: {
      head: `(function(${parameters}){`,
      body: `${applyEdits(source, selfEdits(found))}\n})`,
    },
    requests: requiredIn(source),
    exports: [],
    stars: [],
    isEmpty: false,
  };
}

/** @throws UnsupportedModuleError for a source with a reserved name */
function checkNames(source: string): void {
  if (source.includes(RESERVED)) {
    throw new UnsupportedModuleError(`a name that begins with ${RESERVED}`);
  }
}

/** A name and the expression that it stands for. */
interface Binding {
  readonly name: string;
  readonly value: string;
}

function plainFunction(
  text: string,
  imports: readonly Binding[],
  exports: readonly Binding[],
): FunctionText {
  const constants = imports.map(({ name, value }) => `${name}=${value}`);
  const assignments = exports.map(
    ({ name, value }) => `${RESERVED}namespace[${JSON.stringify(name)}]=${value};`,
  );
  return {
    head:
      `(function(${RESERVED}namespace,${RESERVED}dependency,${RESERVED}self){"use strict";` +
      (constants.length > 0 ? `const ${constants.join(',')};` : ''),
    body: `${text}\n;${assignments.join('')}})`,
  };
}

function liveFunction(
  text: string,
  imports: readonly Binding[],
  exports: readonly Binding[],
): FunctionText {
  const getter = ({ name, value }: Binding): string =>
    `get ${JSON.stringify(name)}(){return ${value}}`;
  return {
    head:
      `(function(${RESERVED}namespace,${RESERVED}dependency,${RESERVED}self,${RESERVED}link){` +
      `with({${['__proto__:null', ...imports.map(getter)].join(',')}}){(function(){"use strict";` +
      `${RESERVED}link({${exports.map(getter).join(',')}});`,
    body: `${text}\n})()}})`,
  };
}

function isStatement(found: Import): found is StaticImport {
  return found.type === 'static' || found.type === 'reexport-star';
}

/** Or what looks like one in a string. */
const COMMENT = /\/\*[^]*?\*\/|\/\/.*/g;

/** The names that an import statement binds, read from its clause, which the lexer does not parse. */
function importsOf(source: string, statement: StaticImport, request: number): Binding[] {
  if (statement.attributes !== null || statement.phase !== null) {
    throw new UnsupportedModuleError('an import with attributes or phases');
  }
  const text = source.slice(statement.importStart, statement.start - 1).replace(COMMENT, '');
  // Not `export ... from`, which binds no name.
  if (!text.startsWith('import')) {
    return [];
  }
  const clause = text.slice('import'.length).replace(/\bfrom\s*$/, '');
  const [, named = ''] = /\{([^]*)\}/.exec(clause) ?? [];
  const others = clause.replace(/\{[^]*\}/, '');
  return [
    ...parts(others).map((part) => {
      const [, namespace] = /^\*\s*as\s+(\S+)$/.exec(part) ?? [];
      return namespace === undefined
        ? { name: part, value: member(request, 'default') }
        : { name: namespace, value: member(request, null) };
    }),
    ...parts(named).map((part) => {
      const [imported = '', name = imported] = part.split(/\s+as\s+/);
      return { name, value: member(request, imported.replace(/^["']|["']$/g, '')) };
    }),
  ];
}

function parts(list: string): string[] {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The expression for an export of a dependency; null for its namespace. */
function member(request: number, name: string | null): string {
  const namespace = `${RESERVED}dependency(${request})`;
  return name === null ? namespace : `${namespace}[${JSON.stringify(name)}]`;
}

function valueOf(found: DirectExport | Reexport, numberOf: (specifier: string) => number): string {
  return found.type === 'reexport'
    ? member(numberOf(found.from), found.importName)
    : (localNameOf(found) ?? DEFAULT);
}

/** Undefined for a default export that is an expression, or has no name of its own. */
function localNameOf({ name, localName }: DirectExport): string | undefined {
  // The lexer takes the next word for the name of `export default class extends ...`.
  return name === 'default' && localName === 'extends' ? undefined : localName;
}

/**
 * Importers get the value that an export has when its module has evaluated. A variable could change
 * later, so only those are accepted that compilers write for classes with decorators
 * (`let A = class A {}; A = __decorate(...)`) and for enums (`var E; (function (E) {...})(E || (E = {}))`).
 *
 * @throws UnsupportedModuleError for any other exported variable
 */
function checkVariables(source: string, exported: readonly Export[]): void {
  const variables = [...source.matchAll(VARIABLES)].map(([, declared = '']) => declared);
  for (const found of exported) {
    if (found.type !== 'direct' || found.localName === undefined) {
      continue;
    }
    const { localName } = found;
    const name = localName.replaceAll('$', String.raw`\$`);
    const isVariable = variables.some(
      (declared) =>
        declared.includes(localName) &&
        new RegExp(String.raw`(?:^|,\s*)${name}\b(?!\s*=\s*(?:\w+_1\s*=\s*)?class\b)`).test(
          declared,
        ),
    );
    if (isVariable && !new RegExp(String.raw`^\}\)\(${name} \|\| \(`, 'm').test(source)) {
      throw new UnsupportedModuleError(`an exported variable, ${localName}`);
    }
  }
}

/** The text that follows `let` or `var` at the beginning of a line, up to the semicolon. */
const VARIABLES = /^(?:export\s+)?(?:let|var)\s+([^;]*)/gm;

/** A piece of a source that is replaced. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Makes all edits. Every line stays the line it was, as no replacement has a line break. */
function applyEdits(source: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(source.slice(at, start), text, source.slice(start, end).replace(/[^\n]+/g, ''));
    at = end;
  }
  pieces.push(source.slice(at));
  return pieces.join('').replace(/^#!/, '//');
}

function remove(start: number, end: number): Edit {
  return { start, end, text: '' };
}

/** The values of `import.meta` and `import()` depend on the file that they stand in. */
function selfEdits(found: readonly Import[]): Edit[] {
  return found.flatMap((each): Edit[] => {
    const { importStart: start, importEnd: end } = each;
    if (each.type === 'import-meta') {
      return [{ start, end, text: `${RESERVED}self.meta` }];
    }
    if (each.type !== 'dynamic') {
      return [];
    }
    if (each.phase !== null) {
      throw new UnsupportedModuleError('an import in phases');
    }
    return [{ start, end: start + 'import'.length, text: `${RESERVED}self.import` }];
  });
}

/** Removes the export statements from the text, and leaves the declarations in them. */
function exportEdits(
  source: string,
  exported: readonly Export[],
  statements: readonly StaticImport[],
): Edit[] {
  const removed = new Set(statements.map(({ importStart }) => importStart));
  const edits = new Map<number, Edit>();
  for (const found of exported) {
    const { exportStart: start } = found;
    if (removed.has(start) || edits.has(start)) {
      continue;
    }
    const keyword = matchAt(EXPORT_LIST, source, start) ?? matchAt(EXPORT_KEYWORD, source, start);
    if (keyword === undefined) {
      throw new UnsupportedModuleError('an export of an unknown form');
    }
    const isExpression = found.type === 'direct' && localNameOf(found) === undefined;
    edits.set(start, {
      ...remove(start, start + keyword.length),
      text: isExpression ? `const ${DEFAULT}=` : '',
    });
  }
  // It makes a module of a file that exports nothing; the lexer does not list it.
  for (const { index, 0: text } of source.matchAll(/export\s*\{\s*\};?/g)) {
    const isOnOwnLine = source.slice(source.lastIndexOf('\n', index) + 1, index).trim() === '';
    if (isOnOwnLine) {
      edits.set(index, remove(index, index + text.length));
    }
  }
  return [...edits.values()];
}

const EXPORT_LIST = /export\s*\{[^}]*\}\s*;?/y;
const EXPORT_KEYWORD = /export\s+(?:default\s+)?/y;

function matchAt(pattern: RegExp, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0];
}

/** A call of `require()` with a literal; any other is left to Node when it is made. */
const REQUIRE = /\brequire\(\s*(["'])([^"'\n]+)\1\s*\)/g;

/** A line of the module itself, rather than of a function in it, as compilers indent them. */
const OUTER_LINE = /^\S.*/gm;

/**
 * The files of the same package, and the packages that the module requires at once: those that a function
 * requires may be optional, or large, and workers seldom need them.
 */
function requiredIn(source: string): string[] {
  const relative = specifiersIn(source).filter((specifier) => specifier.startsWith('.'));
  const packages = (source.match(OUTER_LINE) ?? []).flatMap(specifiersIn);
  return [...new Set([...relative, ...packages])];
}

function specifiersIn(text: string): string[] {
  return [...text.matchAll(REQUIRE)].map(([, , specifier = '']) => specifier);
}
