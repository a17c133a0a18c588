/*
 * A module image: the files of this library and of Nest that every worker loads, made into one script.
 * Node takes about half a millisecond for each of some 700 files, whatever is in them; one script, with
 * V8's code cache, takes a tenth of that. The application makes the image once, of the files that are
 * installed; its workers share the memory, run it, and make its modules known to Node, so that what a
 * handler's file imports is the same copy.
 */

/** What crosses to the workers: memory that all share. */
export interface ModuleImage {
  /** The script, in Latin-1. It evaluates to the list of the modules' functions. */
  readonly script: SharedArrayBuffer;
  /** An {@link ImageIndex} as JSON, in UTF-8. */
  readonly index: SharedArrayBuffer;
  /** What V8 made of the script in the worker that ran it first; until then that is asked for. */
  readonly codeCache: SharedArrayBuffer | undefined;
}

/** What the script does not say itself. */
export interface ImageIndex {
  /** In the order of the script's functions. */
  readonly modules: readonly ImageModule[];
}

/** The index of an image. */
export function indexOf(image: Pick<ModuleImage, 'index'>): ImageIndex {
  return JSON.parse(Buffer.from(image.index).toString()) as ImageIndex;
}

export interface ImageModule {
  /** Its absolute path. */
  readonly file: string;
  readonly format: ModuleFormat;
  /**
   * What the module imports or requires: by the number of the module, or, for Node's own modules, which
   * are not in the image, by name. For an ES module in the order in which it evaluates them.
   */
  readonly dependencies: readonly (readonly [specifier: string, module: number | string])[];
  /** The dependencies of which an ES module exports everything (`export *`). */
  readonly stars: readonly number[];
  /** Set for an ES module that imports itself by way of others. */
  readonly circle?: Circle;
  /** Whether nothing outside of the image can import it, or has anything of it. */
  readonly isPrivate: boolean;
  /** The line of the script, from 1, at which the module's first line stands. */
  readonly line: number;
  /** How far the text before it moves the first line to the right. */
  readonly column: number;
}

/** What is known of an ES module that evaluates before all that it imports has. */
export interface Circle {
  /** The same for all modules that import each other. */
  readonly number: number;
  /** The names that the module exports, without those of `stars`; its `get` knows them by number. */
  readonly exports: readonly string[];
  /** How many names it imports; its `set` knows them by number. */
  readonly importCount: number;
}

/** Begins the names of what the modules' functions are called with; no module may have such a name. */
export const RESERVED = '$preload_';

/** Where a default export is kept that has no name. */
export const DEFAULT = `${RESERVED}default`;

export type ModuleFormat = 'module' | 'commonjs';

/** The function of an ES module: evaluates it, and puts what it exports into its namespace. */
export type EsModuleFunction = (
  namespace: Namespace,
  dependencies: readonly Namespace[],
  self: ModuleSelf,
) => void;

/** The same of one in a circle: up to the yield it makes its bindings, then it evaluates. */
export type CircularModuleFunction = (
  link: (get: (exported: number) => unknown, set: (imported: number) => void) => void,
  dependencies: readonly Namespace[],
  self: ModuleSelf,
) => Generator<void, void>;

/** The function of a CommonJS module, as Node wraps it, and what it imports dynamically. */
export type CommonJsFunction = (
  this: unknown,
  exports: unknown,
  require: (specifier: string) => unknown,
  module: object,
  filename: string,
  dirname: string,
  self: ModuleSelf,
) => void;

/** What the script evaluates to a list of. */
export type ModuleFunction = EsModuleFunction | CircularModuleFunction | CommonJsFunction;

/** What a module says of itself. */
export interface ModuleSelf {
  /** `import.meta` */
  readonly meta: object;
  /** `import()` as the module itself would do it. */
  import(specifier: string, options?: object): Promise<unknown>;
}

export type Namespace = Record<string, unknown>;

/** A copy of the bytes in memory that threads share. */
export function shared(bytes: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return memory;
}
