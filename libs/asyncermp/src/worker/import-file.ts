import { ConfigurationError } from '../contract/errors.js';
import { urlOf } from './file-url.js';

/**
 * Imports a file of the application.
 *
 * @throws what its import throws, and ConfigurationError for TypeScript that this thread cannot load
 */
export async function importFile(file: string): Promise<unknown> {
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
