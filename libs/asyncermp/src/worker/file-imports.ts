import { ConfigurationError } from '../contract/errors.js';
import { urlOf } from './file-url.js';
import type { NestFactoryGuard } from './nest-factory.guard.js';

/** The files of the application that a worker imports, each once. */
export class FileImports {
  readonly guard: NestFactoryGuard;
  readonly #imported = new Map<string, Promise<unknown>>();

  constructor(guard: NestFactoryGuard) {
    this.guard = guard;
  }

  /**
   * Imports a file. One that booted an application would not finish a second import, since its own code waits.
   *
   * @returns its exports; undefined if it booted an application
   * @throws what its import throws, and ConfigurationError for TypeScript that this thread cannot load
   */
  import(file: string): Promise<unknown> {
    const url = urlOf(file);
    const known = this.#imported.get(url);
    if (known !== undefined) {
      return known;
    }
    const importing = this.guard.imported(() => importFile(file));
    this.#imported.set(url, importing);
    return importing;
  }
}

async function importFile(file: string): Promise<unknown> {
  try {
    // The comments keep bundlers from resolving the import: the file exists only in the built application.
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ urlOf(file))) as unknown;
  } catch (error) {
    if (!TYPESCRIPT.test(file)) {
      throw error;
    }
    throw new ConfigurationError(
      `A worker cannot import ${file}, which is TypeScript: what reads it in the main thread (a test ` +
        'runner, a loader) is not there in a worker. Compile the files of handlers to JavaScript, or ' +
        "give workers a loader as well, with execArgv: ['--import', ...], or run the handlers where " +
        "they are called, with isolation: 'inline'.",
      {},
      { cause: error },
    );
  }
}

const TYPESCRIPT = /\.[cm]?tsx?$/;
