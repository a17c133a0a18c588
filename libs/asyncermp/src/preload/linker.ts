import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { CircularModule } from './circular-module.js';
import type {
  Circle,
  CircularModuleFunction,
  CommonJsFunction,
  EsModuleFunction,
  ImageModule,
  ModuleFunction,
  Namespace,
} from './module-image.js';
import { FileSelf } from './module-self.js';
import { exportAll, nameDefault, namespaceOf, requiredOf } from './namespaces.js';

/** A module that evaluates, or has evaluated. */
interface LinkedModule {
  /** What `require()` returns. */
  readonly exports: unknown;
  /** What `import * as` gives. */
  readonly namespace: Namespace;
  /** Set as long as not all ES modules of its circle have evaluated. */
  readonly circular?: CircularModule | undefined;
}

interface LinkedEsModule extends LinkedModule {
  /** The namespace itself, as long as the module evaluates. */
  exports: unknown;
}

interface LinkedInCircle extends LinkedEsModule {
  circular: CircularModule | undefined;
}

/**
 * Evaluates the modules of an image, each once, in the order and with the bindings that Node would give
 * them. The modules of an image that import each other in a circle are no exception.
 */
export class Linker {
  readonly #linked: (LinkedModule | undefined)[] = [];
  readonly #numbers: ReadonlyMap<string, number>;
  /** By number: the modules of a circle that began to evaluate since the first of them did. */
  readonly #circles = new Map<number, LinkedInCircle[]>();

  /** @param functions What the script of the image evaluates to: those that have run are taken out. */
  constructor(
    private readonly modules: readonly ImageModule[],
    private readonly functions: (ModuleFunction | undefined)[],
  ) {
    this.#numbers = new Map(modules.map(({ file }, number) => [file, number]));
  }

  /** The number of the module of that file; undefined if the image has none. */
  find(file: string): number | undefined {
    return this.#numbers.get(file);
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
    if (known !== undefined) {
      return known;
    }
    const module = this.modules[number];
    if (module === undefined) {
      throw new RangeError(`The image has no module ${number}`);
    }
    const linked =
      module.format === 'commonjs'
        ? this.#linkCommonJs(number, module)
        : module.circle === undefined
          ? this.#linkEsModule(number, module)
          : this.#linkInCircle(number, module, module.circle);
    this.functions[number] = undefined;
    return linked;
  }

  #linkEsModule(number: number, { file, dependencies, stars }: ImageModule): LinkedModule {
    const namespace = Object.create(null) as Namespace;
    const linked: LinkedEsModule = { namespace, exports: namespace };
    this.#linked[number] = linked;
    const imported = dependencies.map(([, found]) => this.#dependency(found).namespace);
    const evaluate = this.functions[number] as EsModuleFunction;
    evaluate(namespace, imported, new FileSelf(file));
    for (const star of stars) {
      exportAll(namespace, imported[star] ?? {});
    }
    nameDefault(namespace);
    linked.exports = requiredOf(namespace);
    return linked;
  }

  #linkInCircle(number: number, module: ImageModule, circle: Circle): LinkedModule {
    const begun = this.#circles.get(circle.number);
    const members = begun ?? [];
    this.#circles.set(circle.number, members);
    const es = new CircularModule(module, circle);
    const { namespace } = es;
    const linked: LinkedInCircle = { namespace, exports: namespace, circular: es };
    this.#linked[number] = linked;
    members.push(linked);
    const start = this.functions[number] as CircularModuleFunction;
    const evaluation = start(
      (get, set) => es.link(get, set),
      es.dependencies,
      new FileSelf(module.file),
    );
    evaluation.next();
    for (const [request, [, found]] of module.dependencies.entries()) {
      const dependency = this.#dependency(found);
      if (dependency.circular) {
        this.#comeBackTo(dependency.circular);
      }
      es.dependencies[request] = dependency.namespace;
    }
    es.bind();
    evaluation.next();
    es.publish();
    nameDefault(namespace);
    if (!begun) {
      this.#circles.delete(circle.number);
      close(members);
    }
    return linked;
  }

  /** The module is imported by what it imports: its functions are there, and may be called from now on. */
  #comeBackTo(module: CircularModule): void {
    for (const [request, [, found]] of module.imported.entries()) {
      const dependency = typeof found === 'number' ? this.#linked[found] : undefined;
      if (dependency) {
        module.dependencies[request] = dependency.namespace;
      }
    }
    module.bind();
    module.publish();
  }

  #dependency(found: number | string): LinkedModule {
    return typeof found === 'number' ? this.#link(found) : builtin(found);
  }

  #linkCommonJs(number: number, { file, dependencies }: ImageModule): LinkedModule {
    const module = {
      id: file,
      filename: file,
      path: dirname(file),
      loaded: false,
      exports: {} as unknown,
    };
    const linked = new LinkedCommonJsModule(module);
    this.#linked[number] = linked;
    const found = new Map(dependencies);
    let native: NodeJS.Require | undefined;
    const require = (specifier: string): unknown => {
      const dependency = found.get(specifier);
      if (typeof dependency === 'number') {
        return this.#link(dependency).exports;
      }
      native ??= createRequire(file);
      const inImage = this.#numbers.get(native.resolve(specifier));
      return inImage === undefined ? native(specifier) : this.#link(inImage).exports;
    };
    const evaluate = this.functions[number] as CommonJsFunction;
    try {
      evaluate.call(
        module.exports,
        module.exports,
        require,
        module,
        file,
        module.path,
        new FileSelf(file),
      );
    } catch (error) {
      // As Node: who requires it again has it evaluated again.
      this.#linked[number] = undefined;
      throw error;
    }
    module.loaded = true;
    return linked;
  }
}

class LinkedCommonJsModule implements LinkedModule {
  #namespace: Namespace | undefined;

  constructor(private readonly module: { readonly exports: unknown }) {}

  get exports(): unknown {
    return this.module.exports;
  }

  /** Most are only ever required. */
  get namespace(): Namespace {
    return (this.#namespace ??= namespaceOf(this.exports));
  }
}

/**
 * What was imported of a module that had not evaluated, directly or by way of one that had, is there now
 * that all in the circle have.
 */
function close(circle: readonly LinkedInCircle[]): void {
  while (circle.filter(({ circular }) => circular?.publish()).length > 0) {}
  for (const linked of circle) {
    linked.circular?.bind();
    linked.circular = undefined;
    linked.exports = requiredOf(linked.namespace);
  }
}

function builtin(name: string): LinkedModule {
  const exports = process.getBuiltinModule(name) as object;
  // Not copied: some of what Node's modules export is made when it is asked for.
  const namespace = Object.create(exports, { default: { value: exports } }) as Namespace;
  return { exports, namespace };
}
