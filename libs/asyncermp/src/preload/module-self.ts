import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModuleSelf } from './module-image.js';
import { evaluateAs } from './node-module.js';

type Import = ModuleSelf['import'];

/** What a module of an image says of itself: most never ask. */
export class FileSelf implements ModuleSelf {
  #meta: object | undefined;
  #import: Import | undefined;

  constructor(private readonly file: string) {}

  get meta(): object {
    return (this.#meta ??= {
      url: pathToFileURL(this.file).href,
      filename: this.file,
      dirname: dirname(this.file),
    });
  }

  /** `import()` resolves relative to the file that it stands in. */
  import(specifier: string, options?: object): Promise<unknown> {
    this.#import ??= evaluateAs(this.file, IMPORT, 'commonjs') as Import;
    return this.#import(specifier, options);
  }
}

const IMPORT = 'module.exports = (specifier, options) => import(specifier, options)';
