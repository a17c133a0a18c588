import {
  parse,
  type DirectExport,
  type Export,
  type Reexport,
  type StaticImport,
} from 'es-module-lexer';
import { applyEdits, type Edit } from './edits.js';
import { DEFAULT, RESERVED } from './module-image.js';
import {
  checkText,
  dynamicImports,
  UnsupportedModuleError,
  type ModuleSource,
} from './module-source.js';

/**
 * Makes a function of an ES module:
 *
 * ```js
 * (function (namespace, dependencies, self) {
 *   'use strict';
 *   const imported = dependencies[0].imported, ...;
 *   ...                              // the module's own text, without imports and exports
 *   namespace.exported = exported; ...
 * })
 * ```
 *
 * Where modules import each other, a binding may be asked for before it is there. Such a module is a
 * generator function, which makes its bindings first:
 *
 * ```js
 * (function* (link, dependencies, self) {
 *   'use strict';
 *   let imported, ...;
 *   link(
 *     (number) => { switch (number) { case 0: return exported; ... } },
 *     (number) => { switch (number) { case 0: imported = dependencies[0].imported; return; ... } },
 *   );
 *   yield;
 *   ...                              // the module's own text
 * })
 * ```
 *
 * Exports are asked for when the module has evaluated, and not later: what could change then
 * {@link checkBindings} refuses.
 *
 * @throws UnsupportedModuleError, and what the lexer throws for a source that it cannot read
 */
export function esModule(source: string): ModuleSource {
  checkText(source);
  const [imports, exported] = parse(source);
  checkBindings(source, exported);
  const statements = imports.filter((found): found is StaticImport => isStatic(found.type));
  const requests = [...new Set(statements.map(({ specifier }) => specifier))];
  const numberOf = (specifier: string): number => requests.indexOf(specifier);

  const bindings = statements.flatMap((statement) => {
    const number = numberOf(statement.specifier);
    return bindingsOf(source, statement).map(({ local, name }) => ({
      local,
      value: member(number, name),
    }));
  });
  const named = exported
    .filter((found) => found.type !== 'reexport-all')
    .map((found) => ({ name: found.name, value: valueOf(found, numberOf) }));
  const text = applyEdits(source.replace(/^#!/, '//'), [
    ...statements.map(({ importStart, importEnd }) => remove(importStart, importEnd)),
    ...imports.filter(({ type }) => type === 'import-meta').map(metaEdit),
    ...dynamicImports(imports),
    ...exportEdits(source, exported, statements),
  ]);

  return {
    text: {
      head:
        `(function(${RESERVED}namespace,${RESERVED}dependencies,${RESERVED}self){"use strict";` +
        declaration(
          'const',
          bindings.map(({ local, value }) => `${local}=${value}`),
        ),
      body: `${text}\n;${named.map(({ name, value }) => `${RESERVED}namespace[${JSON.stringify(name)}]=${value};`).join('')}})`,
    },
    circularText: {
      head:
        `(function*(${RESERVED}link,${RESERVED}dependencies,${RESERVED}self){"use strict";` +
        declaration(
          'let',
          bindings.map(({ local }) => local),
        ) +
        `${RESERVED}link(${choice(named.map(({ value }) => `return ${value}`))},` +
        `${choice(bindings.map(({ local, value }) => `${local}=${value};return`))});yield;`,
      body: `${text}\n})`,
    },
    requests,
    exports: named.map(({ name }) => name),
    importCount: bindings.length,
    isEmpty:
      imports.length === 0 && exported.length === 0 && text.replace(COMMENT, '').trim() === '',
    stars: statements
      .filter(({ type }) => type === 'reexport-star')
      .map(({ specifier }) => numberOf(specifier)),
  };
}

function declaration(keyword: 'const' | 'let', declared: readonly string[]): string {
  return declared.length > 0 ? `${keyword} ${declared.join(',')};` : '';
}

/** A function that does the one of these whose number it is given: one closure, rather than one for each. */
function choice(statements: readonly string[]): string {
  const cases = statements.map((statement, number) => `case ${number}:${statement}`);
  return `${RESERVED}n=>{switch(${RESERVED}n){${cases.join(';')}}}`;
}

function isStatic(type: string): boolean {
  return type === 'static' || type === 'reexport-star';
}

/** A name that an import statement binds; `name` is null for the whole namespace. */
interface Binding {
  readonly local: string;
  readonly name: string | null;
}

/** Or what looks like one in a string. */
const COMMENT = /\/\*[^]*?\*\/|\/\/.*/g;

/** The names that an import statement binds, read from its clause, which the lexer leaves alone. */
function bindingsOf(source: string, statement: StaticImport): Binding[] {
  if (statement.attributes !== null || statement.phase !== null) {
    throw new UnsupportedModuleError('an import with attributes or phases');
  }
  const text = source.slice(statement.importStart, statement.start - 1).replace(COMMENT, '');
  if (!text.startsWith('import')) {
    return [];
  } // export ... from
  const clause = text.slice('import'.length).replace(/\bfrom\s*$/, '');
  const [, named = ''] = /\{([^]*)\}/.exec(clause) ?? [];
  const whole = clause.replace(/\{[^]*\}/, '');
  return [
    ...parts(whole).map((part) => {
      const [, namespace] = /^\*\s*as\s+(\S+)$/.exec(part) ?? [];
      return namespace === undefined
        ? { local: part, name: 'default' }
        : { local: namespace, name: null };
    }),
    ...parts(named).map((part) => {
      const [name = '', local = name] = part.split(/\s+as\s+/);
      return { local, name: name.replace(/^["']|["']$/g, '') };
    }),
  ];
}

function parts(list: string): string[] {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function member(number: number, name: string | null): string {
  const namespace = `${RESERVED}dependencies[${number}]`;
  return name === null ? namespace : `${namespace}[${JSON.stringify(name)}]`;
}

/** What the getter of an export returns. */
function valueOf(found: DirectExport | Reexport, numberOf: (specifier: string) => number): string {
  if (found.type === 'reexport') {
    return member(numberOf(found.from), found.importName);
  }
  return localNameOf(found) ?? DEFAULT;
}

/** Undefined for a default export that is a value, or has no name of its own. */
function localNameOf({ name, localName }: DirectExport): string | undefined {
  // The lexer takes the next word for the name of `export default class extends ...`.
  return name === 'default' && localName === 'extends' ? undefined : localName;
}

/** Takes the exports out of the text, and leaves what they declare. */
function exportEdits(
  source: string,
  exported: readonly Export[],
  statements: readonly StaticImport[],
): Edit[] {
  const removed = new Set(statements.map(({ importStart }) => importStart));
  const edits = new Map<number, Edit>();
  for (const found of exported) {
    const { exportStart: start } = found;
    if (removed.has(start)) {
      continue;
    }
    const text = source.slice(start);
    const list = /^export\s*\{[^}]*\}\s*;?/.exec(text);
    const keyword = list ?? /^export\s+(?:default\s+)?/.exec(text);
    if (keyword === null) {
      throw new UnsupportedModuleError('an export of an unknown form');
    }
    const isValue = found.type === 'direct' && localNameOf(found) === undefined;
    edits.set(start, {
      ...remove(start, start + keyword[0].length),
      text: isValue ? `const ${DEFAULT}=` : '',
    });
  }
  // What makes a module of a file that exports nothing; the lexer does not list it.
  for (const { index, 0: text } of source.matchAll(/^[ \t]*export\s*\{\s*\};?/gm)) {
    edits.set(index, remove(index, index + text.length));
  }
  return [...edits.values()];
}

function metaEdit({ importStart, importEnd }: { importStart: number; importEnd: number }): Edit {
  return { start: importStart, end: importEnd, text: `${RESERVED}self.meta` };
}

function remove(start: number, end: number): Edit {
  return { start, end, text: '' };
}

/**
 * Importers are given the value that an export has when its module has evaluated. A variable could
 * have another one later: only those are taken that compilers write for classes with decorators
 * (`let A = class A {}; A = __decorate(...)`) and for enums (`var E; (function (E) {...})(E || (E = {}))`).
 *
 * @throws UnsupportedModuleError for any other exported variable
 */
function checkBindings(source: string, exported: readonly Export[]): void {
  const variables = [...source.matchAll(VARIABLES)].map(([, declared = '']) => declared);
  for (const found of exported) {
    if (found.type !== 'direct' || found.localName === undefined) {
      continue;
    }
    const name = found.localName.replaceAll('$', String.raw`\$`);
    const declarator = new RegExp(
      String.raw`(?:^|,\s*)${name}\b(?!\s*=\s*(?:\w+_1\s*=\s*)?class\b)`,
    );
    const isVariable = variables.some((declared) => declarator.test(declared));
    if (isVariable && !new RegExp(String.raw`^\}\)\(${name} \|\| \(`, 'm').test(source)) {
      throw new UnsupportedModuleError(`an exported variable, ${found.localName}`);
    }
  }
}

/** What follows `let` or `var` at the beginning of a line. */
const VARIABLES = /^(?:export\s+)?(?:let|var)\s+([^;]*)/gm;
