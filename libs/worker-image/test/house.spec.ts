import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const source = new URL('../src/', import.meta.url);
const files = readdirSync(source);

describe('the source of this package', () => {
  it('imports modules of Node and the lexer, and its own files', () => {
    const others = files
      .flatMap((file) => importsOf(file))
      .filter((name) => !name.startsWith('node:') && !name.startsWith('./'));
    expect([...new Set(others)]).toEqual(['es-module-lexer']);
  });

  it('runs images without the code that builds them, and without the lexer', () => {
    const loaded = new Set<string>();
    const load = (name: string): void => {
      if (!loaded.has(name)) {
        loaded.add(name);
        valuesOf(name).forEach(load);
      }
    };
    load('run-image.ts');
    expect([...loaded].filter((name) => !name.startsWith('node:')).sort()).toEqual([
      'image-format.ts',
      'linker.ts',
      'node-loader.ts',
      'run-image.ts',
      'without-hooks.ts',
    ]);
  });

  it('names neither tasks nor Nest', () => {
    expect(files.filter((file) => /\btasks?\b|\bnest|asyncermp/i.test(textOf(file)))).toEqual([]);
  });

  it("uses private parts of Node's modules in one file only", () => {
    expect(files.filter((file) => /\._[a-z]|_compile\(/.test(textOf(file)))).toEqual([
      'without-hooks.ts',
    ]);
  });
});

function textOf(file: string): string {
  return readFileSync(new URL(file, source), 'utf8');
}

function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/\bfrom '([^']+)'/g)].map(([, name = '']) => name);
}

/** The files that are loaded with the file: those from which it imports more than types. */
function valuesOf(file: string): string[] {
  if (file.startsWith('node:')) {
    return [];
  }
  const specifiers = textOf(file).matchAll(
    /^(?:import|export) (?!type )([^;]*?) from '([^']+)';/gm,
  );
  return [...specifiers].map(([, , name = '']) => name.replace(/^\.\/(.*)\.js$/, '$1.ts'));
}
