import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { ModuleFormat } from './module-image.js';

/**
 * Finds the files that modules ask for, as Node does. What is asked for by the name of a package is
 * resolved as `require()` would: packages that hand another file to `import` are loaded in a worker a
 * second time where a handler imports them, which concerns none of those that Nest uses.
 */
export class FileResolver {
  readonly #formats = new Map<string, ModuleFormat>();
  readonly #packages = new Map<string, string>();

  /** @throws what Node throws for a file that is not there */
  resolve(specifier: string, from: string, format: ModuleFormat): string {
    const directory = dirname(from);
    if (!/^\.\.?(?:\/|$)/.test(specifier)) {
      return this.#inPackage(specifier, from, directory);
    }
    const path = resolve(directory, specifier);
    if (format === 'module') {
      return path;
    }
    return (
      ENDINGS.map((ending) => path + ending).find(isFile) ?? createRequire(from).resolve(specifier)
    );
  }

  /** By the ending, or else by the `type` of the package that the file is in. */
  formatOf(file: string): ModuleFormat {
    if (file.endsWith('.mjs')) {
      return 'module';
    }
    if (file.endsWith('.cjs')) {
      return 'commonjs';
    }
    return this.#formatIn(dirname(file));
  }

  /** Files of one package see the same packages, since a nested one would lie beside its package.json. */
  #inPackage(specifier: string, from: string, directory: string): string {
    const key = `${packageRootOf(from) ?? directory}\n${specifier}`;
    let file = this.#packages.get(key);
    if (file === undefined) {
      file = createRequire(from).resolve(specifier);
      this.#packages.set(key, file);
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
