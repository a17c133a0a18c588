import { DEFAULT, type Namespace } from './module-image.js';

/** `export *`: what the module exports itself comes first. */
export function exportAll(namespace: Namespace, from: Namespace): void {
  for (const name of Object.keys(from)) {
    if (name !== 'default' && !(name in namespace)) {
      namespace[name] = from[name];
    }
  }
}

/** A function or class that is exported as the default, and has no name of its own, is called so. */
export function nameDefault({ default: value }: Namespace): void {
  if (typeof value === 'function' && value.name === DEFAULT) {
    Object.defineProperty(value, 'name', { value: 'default', configurable: true });
  }
}

/** What `require()` of an ES module returns, once it has evaluated: Node marks what has a default export. */
export function requiredOf(namespace: Namespace): unknown {
  if ('module.exports' in namespace) {
    return namespace['module.exports'];
  }
  if (!('default' in namespace) || '__esModule' in namespace) {
    return namespace;
  }
  return Object.assign(Object.create(null) as Namespace, namespace, { __esModule: true });
}

/** The namespace of a CommonJS module, as Node makes it for `import`: its properties, and all as `default`. */
export function namespaceOf(exports: unknown): Namespace {
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
  if (NAMES_ALL) {
    namespace['module.exports'] = exports;
  }
  return namespace;
}

/** From Node 23 on, such a namespace has a second name for everything. */
const NAMES_ALL = Number.parseInt(process.versions.node) >= 23;
