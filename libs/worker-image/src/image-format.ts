/*
 * A worker image: the modules that every worker thread loads, as one script. Node takes about half a
 * millisecond to find, read and link a file, whatever is in it. One script with V8's code cache takes a
 * fifth of that. The application builds the image from the installed files; its threads run the script, and
 * register the modules with Node, so that a file that is not in the image and imports one of them gets the
 * same copy.
 *
 * Each thread has a copy of its own (2 MB each of script and code cache, about a millisecond): what code of the
 * user in one thread could write must never be run by another.
 *
 *   application                                     thread
 *   WorkerImage   reads the module graph,           runImage   runs the script, links the modules,
 *                 writes the script and its index              registers them with Node
 */

/** An image as it crosses to a thread. */
export interface ImageMemory {
  /** The script, in Latin-1. It evaluates to the list of the modules' functions. */
  readonly script: ArrayBuffer;
  /** An {@link ImageIndex} as JSON, in UTF-8. */
  readonly index: ArrayBuffer;
  /** V8's code cache of the script, once a thread has made it. */
  readonly codeCache: ArrayBuffer | undefined;
}

/** The modules, in the order of the script's functions. */
export type ImageIndex = readonly ImageModule[];

export interface ImageModule {
  /** Its absolute path. */
  readonly file: string;
  readonly format: ModuleFormat;
  /**
   * The modules that it imports or requires: by number, or by name for a module of Node's own. An ES module
   * evaluates them in this order.
   */
  readonly dependencies: readonly (readonly [specifier: string, module: number | string])[];
  /** The dependencies of an ES module from which it exports everything (`export *`), by their place. */
  readonly stars: readonly number[];
  /** Whether it is an ES module that imports itself, directly or through others. */
  readonly isInCycle: boolean;
  /** Whether no file outside of the image can import it, or it exports nothing and does nothing. */
  readonly isPrivate: boolean;
  /** The line of the script, from 1, on which the module's first line stands. */
  readonly line: number;
  /** The length of the text that stands before the module's first line, on the same line. */
  readonly column: number;
}

export type ModuleFormat = 'module' | 'commonjs';

/** The prefix of the names that the script itself uses; a module must not use such a name. */
export const RESERVED = '$image_';

/** Holds a default export that has no name. */
export const DEFAULT = `${RESERVED}default`;

/**
 * The function of an ES module. It evaluates the module and puts its exports into the namespace; the
 * dependencies are evaluated before. In a cycle it first hands its exports, as getters, to `link`, which
 * then evaluates the dependencies.
 *
 * @param dependency - Gives the namespace of a dependency by its place.
 */
export type EsModuleFunction = (
  namespace: Namespace,
  dependency: (place: number) => Namespace,
  self: ModuleSelf,
  link: (exports: object) => void,
) => void;

/** The function of a CommonJS module: Node's own wrapper, and one parameter more. */
export type CommonJsFunction = (
  this: unknown,
  exports: unknown,
  require: (specifier: string) => unknown,
  module: object,
  filename: string,
  dirname: string,
  self: ModuleSelf,
) => void;

export type ModuleFunction = EsModuleFunction | CommonJsFunction;

/** The expressions whose value depends on the file that they stand in. */
export interface ModuleSelf {
  /** `import.meta` */
  readonly meta: object;
  /** `import()` */
  import(specifier: string, options?: ImportCallOptions): Promise<unknown>;
}

export type Namespace = Record<string, unknown>;
