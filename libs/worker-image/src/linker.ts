import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  DEFAULT,
  type CommonJsFunction,
  type EsModuleFunction,
  type ImageModule,
  type ModuleFunction,
  type ModuleSelf,
  type Namespace,
} from './image-format.js';

type ImportFrom = (file: string) => ModuleSelf['import'];

/**
 * Evaluates the modules of an image, each once, in the order and with the bindings that Node would give
 * them.
 */
export class Linker {
  readonly #modules: readonly ImageModule[];
  readonly #functions: (ModuleFunction | undefined)[];
  readonly #linked: (LinkedModule | undefined)[] = [];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #importFrom: ImportFrom;

  /**
   * @param functions - The value of the script. Those that have run are removed from the list.
   * @param importFrom - Makes the `import()` of a file.
   */
  constructor(
    modules: readonly ImageModule[],
    functions: (ModuleFunction | undefined)[],
    importFrom: ImportFrom,
  ) {
    this.#modules = modules;
    this.#functions = functions;
    this.#importFrom = importFrom;
    this.#numbers = new Map(modules.map(({ file }, number) => [file, number]));
  }

  /** The number of the module of that file; undefined if the image has none. */
  find(file: string): number | undefined {
    return this.#numbers.get(file);
  }

  /** The value of `import * as`. Evaluates the module first, if that was not done before. */
  namespace(number: number): Namespace {
    return this.#link(number).namespace;
  }

  /** The value of `require()`. Evaluates the module first, if that was not done before. */
  exports(number: number): unknown {
    return this.#link(number).exports;
  }

  #link(number: number): LinkedModule {
    const known = this.#linked[number];
    if (known !== undefined) {
      return known;
    }
    const module = this.#modules[number];
    if (module === undefined) {
      throw new RangeError(`The image has no module ${number}`);
    }
    const linked =
      module.format === 'module'
        ? this.#linkEsModule(number, module)
        : this.#linkCommonJs(number, module);
    this.#functions[number] = undefined;
    return linked;
  }

  #linkEsModule(number: number, module: ImageModule): LinkedModule {
    const linked = new EsModule();
    this.#linked[number] = linked;
    const { namespace } = linked;
    const { stars, isInCycle } = module;
    const found = module.dependencies.map(([, each]) => each);
    const namespaces: Namespace[] = [];
    const dependency = (place: number): Namespace =>
      (namespaces[place] ??= this.#dependency(found[place] as number | string).namespace);
    const evaluateDependencies = (): void => {
      found.forEach((_, place) => dependency(place));
    };
    const link = (exports: object): void => {
      Object.defineProperties(namespace, Object.getOwnPropertyDescriptors(exports));
      evaluateDependencies();
    };
    if (!isInCycle) {
      evaluateDependencies();
    }
    const evaluate = this.#functions[number] as EsModuleFunction;
    evaluate(namespace, dependency, this.#selfOf(module), link);
    for (const star of stars) {
      exportAll(namespace, dependency(star));
    }
    nameDefault(namespace);
    linked.isEvaluated = true;
    return linked;
  }

  #dependency(found: number | string): LinkedModule {
    return typeof found === 'number' ? this.#link(found) : new BuiltinModule(found);
  }

  #selfOf({ file }: ImageModule): ModuleSelf {
    return new FileSelf(file, this.#importFrom);
  }

  #linkCommonJs(number: number, image: ImageModule): LinkedModule {
    const { file, dependencies } = image;
    const path = dirname(file);
    const module = { id: file, filename: file, path, loaded: false, exports: {} as unknown };
    const linked = new CommonJsModule(module);
    this.#linked[number] = linked;
    const found = new Map(dependencies);
    let native: NodeJS.Require | undefined;
    const require = (specifier: string): unknown => {
      const dependency = found.get(specifier);
      if (typeof dependency === 'number') {
        return this.exports(dependency);
      }
      native ??= createRequire(file);
      const inImage = this.find(native.resolve(specifier));
      return inImage === undefined ? native(specifier) : this.exports(inImage);
    };
    const evaluate = this.#functions[number] as CommonJsFunction;
    try {
      const self = this.#selfOf(image);
      evaluate.call(module.exports, module.exports, require, module, file, path, self);
    } catch (error) {
      // As in Node, it is evaluated again when it is required again.
      this.#linked[number] = undefined;
      throw error;
    }
    module.loaded = true;
    return linked;
  }
}

/** A module that evaluates, or has evaluated. */
interface LinkedModule {
  /** The value of `require()`. */
  readonly exports: unknown;
  /** The value of `import * as`. */
  readonly namespace: Namespace;
}

class EsModule implements LinkedModule {
  readonly namespace = Object.create(null) as Namespace;
  isEvaluated = false;
  #exports: unknown;

  get exports(): unknown {
    return this.isEvaluated ? (this.#exports ??= requiredOf(this.namespace)) : this.namespace;
  }
}

class CommonJsModule implements LinkedModule {
  readonly #module: { readonly exports: unknown };
  #namespace: Namespace | undefined;

  constructor(module: { readonly exports: unknown }) {
    this.#module = module;
  }

  get exports(): unknown {
    return this.#module.exports;
  }

  /** Made when it is asked for: most CommonJS modules are only required. */
  get namespace(): Namespace {
    return (this.#namespace ??= namespaceOf(this.exports));
  }
}

class BuiltinModule implements LinkedModule {
  readonly exports: object;
  readonly namespace: Namespace;

  constructor(name: string) {
    const exports = process.getBuiltinModule(name) as object;
    this.exports = exports;
    // Not copied: Node makes some of these exports when they are first used.
    this.namespace = Object.create(exports, { default: { value: exports } }) as Namespace;
  }
}

/** `export *`: a module's own exports come first. */
function exportAll(namespace: Namespace, from: Namespace): void {
  for (const name of Object.keys(from)) {
    if (name !== 'default' && !(name in namespace)) {
      namespace[name] = from[name];
    }
  }
}

/** A function or class that is the default export, and has no name of its own, is called `default`. */
function nameDefault({ default: value }: Namespace): void {
  if (typeof value === 'function' && value.name === DEFAULT) {
    Object.defineProperty(value, 'name', { value: 'default', configurable: true });
  }
}

/** What `require()` of an ES module returns: Node marks one that has a default export. */
function requiredOf(namespace: Namespace): unknown {
  if ('module.exports' in namespace) {
    return namespace['module.exports'];
  }
  if (!('default' in namespace) || '__esModule' in namespace) {
    return namespace;
  }
  return Object.assign(Object.create(null) as Namespace, namespace, { __esModule: true });
}

/** The namespace that Node makes of a CommonJS module: its properties, and all of it as `default`. */
function namespaceOf(exports: unknown): Namespace {
  const namespace = Object.create(null) as Namespace;
  if ((typeof exports === 'object' && exports !== null) || typeof exports === 'function') {
    for (const name of Object.keys(exports)) {
      // As in Node, the namespace does not have a getter that throws.
      try {
        namespace[name] = (exports as Namespace)[name];
      } catch {}
    }
  }
  namespace['default'] = exports;
  if (HAS_MODULE_EXPORTS) {
    namespace['module.exports'] = exports;
  }
  return namespace;
}

/** From Node 23 on, such a namespace has a second name for all of it. */
const HAS_MODULE_EXPORTS = Number.parseInt(process.versions.node) >= 23;

/** Most modules never use it, so its parts are made when they are asked for. */
class FileSelf implements ModuleSelf {
  readonly #file: string;
  readonly #importFrom: ImportFrom;
  #meta: object | undefined;
  #import: ModuleSelf['import'] | undefined;

  constructor(file: string, importFrom: ImportFrom) {
    this.#file = file;
    this.#importFrom = importFrom;
  }

  get meta(): object {
    return (this.#meta ??= {
      url: pathToFileURL(this.#file).href,
      filename: this.#file,
      dirname: dirname(this.#file),
    });
  }

  import(specifier: string, options?: ImportCallOptions): Promise<unknown> {
    this.#import ??= this.#importFrom(this.#file);
    return this.#import(specifier, options);
  }
}
