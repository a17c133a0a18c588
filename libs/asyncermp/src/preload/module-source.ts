import type { Import } from 'es-module-lexer';
import type { Edit } from './edits.js';
import { RESERVED } from './module-image.js';

/** A module as a function, and what it asks for. */
export interface ModuleSource {
  /** The function's text. */
  readonly text: FunctionText;
  /** The same where an ES module imports itself by way of others. */
  readonly circularText?: FunctionText;
  /** Specifiers, each once, in the order in which the module asks for them. */
  readonly requests: readonly string[];
  /** The names that an ES module exports, without those of `stars`. */
  readonly exports: readonly string[];
  /** How many names an ES module imports. */
  readonly importCount: number;
  /** Whether there is nothing in it, as in what a compiler leaves of a file of types. */
  readonly isEmpty: boolean;
  /** Of which requests everything is exported. */
  readonly stars: readonly number[];
}

export interface FunctionText {
  /** What stands before the module's own text, on its first line. */
  readonly head: string;
  /** The module's own text, on the lines on which it was, and the end of the function. */
  readonly body: string;
}

/** The module uses something that an image cannot hold. */
export class UnsupportedModuleError extends Error {}

/** A module's `import()` becomes a call, since what it resolves depends on the file that it stands in. */
export function dynamicImports(imports: readonly Import[]): Edit[] {
  return imports
    .filter((found) => found.type === 'dynamic')
    .map(({ importStart, phase }) => {
      if (phase !== null) {
        throw new UnsupportedModuleError('an import in phases');
      }
      return {
        start: importStart,
        end: importStart + 'import'.length,
        text: `${RESERVED}self.import`,
      };
    });
}

/** @throws UnsupportedModuleError for a source with names that are reserved, or with rare line ends */
export function checkText(source: string): void {
  if (source.includes(RESERVED)) {
    throw new UnsupportedModuleError(`a name that begins with ${RESERVED}`);
  }
  // They end a line and a comment, and an image has all of its text in Latin-1.
  if (/[\u2028\u2029]/.test(source)) {
    throw new UnsupportedModuleError('a line or paragraph separator');
  }
}
