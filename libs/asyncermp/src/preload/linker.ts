import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DEFAULT } from './module-image.js';
import type {
  CommonJsFunction,
  EsModuleFunction,
  ImageModule,
  ImportFrom,
  Namespace,
} from './module-image.js';
import { EsModule } from './linked-es-module.js';
import { evaluateAs } from './node-module.js';

/** A module that evaluates, or has evaluated. */
interface LinkedModule {
  /** What `require()` returns: of an ES module its namespace. */
  exports: unknown;
  /** What `import * as` gives. */
  readonly namespace: Namespace;
  /** Set as long as an ES module has not evaluated. */
  evaluating?: EsModule | undefined;
}

/**
 * Evaluates the modules of an image, each once, in the order and with the bindings that Node would give
 * them. The modules of an image that import each other in a circle are no exception.
 */
export class Linker {
  readonly #linked: (LinkedModule | undefined)[] = [];
  readonly #numbers: ReadonlyMap<string, number>;
  /** How many modules evaluate, each for the one before. */
  #depth = 0;
  /** The ES modules that began to evaluate since the first of them did. */
  readonly #unsettled: EsModule[] = [];
  /** Whether one of them imports one that had not evaluated. */
  #hasCircles = false;

  /** @param functions What the script of the image evaluates to: those that have run are taken out. */
  constructor(
    private readonly modules: readonly ImageModule[],
    private readonly functions: (EsModuleFunction | CommonJsFunction | undefined)[],
  ) {
    this.#numbers = new Map(modules.map(({ file }, number) => [file, number]));
  }

  /** @throws RangeError for a file that is not in the image */
  numberOf(file: string): number {
    const number = this.#numbers.get(file);
    if (number === undefined) throw new RangeError(`The image has no ${file}`);
    return number;
  }

  /** What `import * as` gives; evaluates the module, where that was not done before. */
  namespace(number: number): Namespace {
    return this.#link(number).namespace;
  }

  /** What `require()` returns; evaluates the module, where that was not done before. */
  exports(number: number): unknown {
    return this.#link(number).exports;
  }

  #link(number: number): LinkedModule {
    const known = this.#linked[number];
    if (known !== undefined) return known;
    const module = this.modules[number];
    if (module === undefined) throw new RangeError(`The image has no module ${number}`);
    this.#depth++;
    try {
      return module.format === 'module'
        ? this.#linkEsModule(number, module)
        : this.#linkCommonJs(number, module);
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#closeCircles();
    }
  }

  #linkEsModule(number: number, module: ImageModule): LinkedModule {
    const { file, dependencies } = module;
    const es = new EsModule(module);
    const linked: LinkedModule = {
      exports: es.namespace,
      namespace: es.namespace,
      evaluating: es,
    };
    this.#linked[number] = linked;
    this.#unsettled.push(es);
    const start = this.functions[number] as EsModuleFunction;
    const evaluation = start(
      (get, set) => es.link(get, set),
      es.dependencies,
      metaOf(file),
      importFrom(file),
    );
    evaluation.next();
    for (const [request, [, found]] of dependencies.entries()) {
      const dependency = typeof found === 'number' ? this.#link(found) : builtin(found);
      if (dependency.evaluating) this.#enterCircle(dependency.evaluating);
      es.dependencies[request] = dependency.namespace;
    }
    es.bind();
    evaluation.next();
    es.publish();
    linked.evaluating = undefined;
    this.functions[number] = undefined;
    nameDefault(es.namespace);
    linked.exports = requiredOf(es.namespace);
    return linked;
  }

  /** The module is imported by what it imports: its functions are there, and may be called from now on. */
  #enterCircle(module: EsModule): void {
    this.#hasCircles = true;
    for (const [request, [, found]] of module.imported.entries()) {
      const dependency = typeof found === 'number' ? this.#linked[found] : undefined;
      if (dependency) module.dependencies[request] = dependency.namespace;
    }
    module.bind();
    module.publish();
  }

  /**
   * What was imported of a module that had not evaluated, directly or by way of one that had, is there
   * now that all have.
   */
  #closeCircles(): void {
    const modules = this.#unsettled.splice(0);
    if (!this.#hasCircles) return;
    this.#hasCircles = false;
    while (modules.filter((module) => module.publish()).length > 0);
    for (const module of modules) module.bind();
  }

  #linkCommonJs(number: number, { file, dependencies }: ImageModule): LinkedModule {
    const module = { id: file, filename: file, path: dirname(file), loaded: false, exports: {} };
    let namespace: Namespace | undefined;
    const linked: LinkedModule = {
      exports: module.exports,
      // Most are only ever required.
      get namespace() {
        return (namespace ??= namespaceOf(linked.exports));
      },
    };
    this.#linked[number] = linked;
    const found = new Map(dependencies);
    let native: NodeJS.Require | undefined;
    const require = (specifier: string): unknown => {
      const dependency = found.get(specifier);
      if (typeof dependency === 'number') return this.#link(dependency).exports;
      native ??= createRequire(file);
      const inImage = this.#numbers.get(native.resolve(specifier));
      return inImage === undefined ? native(specifier) : this.#link(inImage).exports;
    };
    try {
      (this.functions[number] as CommonJsFunction).call(
        module.exports,
        module.exports,
        require,
        Object.defineProperty(module, 'exports', {
          get: () => linked.exports,
          set: (exports: unknown) => {
            linked.exports = exports;
          },
          enumerable: true,
        }),
        file,
        module.path,
        importFrom(file),
      );
    } catch (error) {
      // As Node: who requires it again has it evaluated again.
      this.#linked[number] = undefined;
      throw error;
    }
    module.loaded = true;
    this.functions[number] = undefined;
    return linked;
  }
}

/** A function or class that is exported as the default, and has no name of its own, is called so. */
function nameDefault({ default: value }: Namespace): void {
  if (typeof value === 'function' && value.name === DEFAULT) {
    Object.defineProperty(value, 'name', { value: 'default', configurable: true });
  }
}

/** What `require()` of an ES module returns, once it has evaluated: Node marks what has a default export. */
function requiredOf(namespace: Namespace): unknown {
  if ('module.exports' in namespace) return namespace['module.exports'];
  if (!('default' in namespace) || '__esModule' in namespace) return namespace;
  return Object.assign(Object.create(null) as Namespace, namespace, { __esModule: true });
}

/** The namespace of a CommonJS module, as Node makes it for `import`: its properties, and all as `default`. */
function namespaceOf(exports: unknown): Namespace {
  const namespace = Object.create(null) as Namespace;
  if ((typeof exports === 'object' && exports !== null) || typeof exports === 'function') {
    for (const name of Object.keys(exports)) {
      // As Node: a getter that throws is none.
      try {
        namespace[name] = (exports as Namespace)[name];
      } catch {}
    }
  }
  namespace['default'] = exports;
  if (NAMES_ALL) namespace['module.exports'] = exports;
  return namespace;
}

/** From Node 23 on, such a namespace has a second name for everything. */
const NAMES_ALL = Number.parseInt(process.versions.node) >= 23;

function builtin(name: string): LinkedModule {
  const exports = process.getBuiltinModule(name) as object;
  // Not copied: some of what Node's modules export is made when it is asked for.
  const namespace = Object.create(exports, { default: { value: exports } }) as Namespace;
  return { exports, namespace };
}

function metaOf(file: string): object {
  return {
    get url() {
      return pathToFileURL(file).href;
    },
    filename: file,
    dirname: dirname(file),
  };
}

/** `import()` resolves relative to the file that it stands in. */
function importFrom(file: string): ImportFrom {
  let native: ImportFrom | undefined;
  return (specifier, options) => {
    native ??= evaluateAs(file, IMPORT, 'commonjs') as ImportFrom;
    return native(specifier, options);
  };
}

const IMPORT = 'module.exports = (specifier, options) => import(specifier, options)';
