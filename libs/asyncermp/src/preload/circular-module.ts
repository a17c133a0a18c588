import type { Circle, ImageModule, Namespace } from './module-image.js';

type Get = (exported: number) => unknown;
type Set = (imported: number) => void;

/** The bindings of an ES module in a circle: what it exports, and what it imports of others. */
export class CircularModule {
  /** What `import * as` gives. */
  readonly namespace = Object.create(null) as Namespace;
  /** The namespaces of what it imports. */
  readonly dependencies: Namespace[] = [];
  #get: Get = () => undefined;
  #set: Set = () => {};

  constructor(
    private readonly module: ImageModule,
    private readonly circle: Circle,
  ) {}

  get imported(): ImageModule['dependencies'] {
    return this.module.dependencies;
  }

  link(get: Get, set: Set): void {
    this.#get = get;
    this.#set = set;
  }

  /** Puts into the namespace what is there to be exported. Returns whether any of it was not there. */
  publish(): boolean {
    const { exports } = this.circle;
    let isNews = false;
    // What is not there yet throws when it is asked for; in Node it would when it is used.
    for (let number = 0; number < exports.length; number++) {
      try {
        if (this.#put(exports[number] ?? '', this.#get(number))) {
          isNews = true;
        }
      } catch {}
    }
    for (const star of this.module.stars) {
      if (this.#putAll(this.dependencies[star] ?? {})) {
        isNews = true;
      }
    }
    return isNews;
  }

  /** Gives the module what it imports, as far as it is there. */
  bind(): void {
    const { importCount } = this.circle;
    for (let number = 0; number < importCount; number++) {
      try {
        this.#set(number);
      } catch {}
    }
  }

  /** `export *`: what the module exports itself comes first. */
  #putAll(from: Namespace): boolean {
    const { exports } = this.circle;
    let isNews = false;
    for (const name of Object.keys(from)) {
      if (name !== 'default' && !exports.includes(name) && this.#put(name, from[name])) {
        isNews = true;
      }
    }
    return isNews;
  }

  #put(name: string, value: unknown): boolean {
    if (this.namespace[name] === value && name in this.namespace) {
      return false;
    }
    this.namespace[name] = value;
    return true;
  }
}
