import { isAbsolute } from 'node:path';

/**
 * The file whose import runs the code that calls this, as a path or a `file:` URL.
 *
 * On the stack of a decorator that is being applied stand, from the inside out: this library, helpers
 * (`__decorate`, tslib, Reflect.decorate, applyDecorators, the user's own in other files), the module
 * that defines the class, then whatever loaded that module. The module is the last frame before the
 * first one of the loader; frames further out belong to the files that required it. A bundle is one
 * module, so neither the library's nor the user's frames need to be told apart in it.
 */
export function definingFile(): string | undefined {
  let file: string | undefined;
  for (const site of callSites(definingFile)) {
    const name = site.getFileName();
    if (typeof name !== 'string') {
      continue;
    } // built-ins, and eval (`devtool: 'eval'` of bundlers)
    if (LOADER.test(name)) {
      break;
    }
    if (isFile(name)) {
      file = name;
    }
  }
  return file;
}

/**
 * The file that the code of the caller runs from, as a path or a `file:` URL: its own one, or the bundle
 * that it became a part of. Undefined where a bundler has it evaluated from a string.
 */
export function callingFile(): string | undefined {
  const name = callSites(callingFile)[0]?.getFileName();
  return isFile(name) ? name : undefined;
}

/** Bundlers give what they evaluate (`devtool: 'eval'`) URLs of their own, `webpack://app/...`. */
function isFile(name: unknown): name is string {
  return typeof name === 'string' && (isAbsolute(name) || name.startsWith('file:'));
}

/** Node's own loaders for both module systems, vitest's and jest's. */
const LOADER = /^node:|[\\/]node_modules[\\/](?:@?vitest|vite|vite-node|jest-[a-z]+)[\\/]/;

/**
 * The frames below that of the function. Structured, because the text of a stack holds the names of
 * sources under --enable-source-maps.
 */
function callSites(below: Function): readonly NodeJS.CallSite[] {
  const { stackTraceLimit } = Error;
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace');
  const holder: { stack?: unknown } = {};
  let sites: readonly NodeJS.CallSite[] = [];
  try {
    Error.stackTraceLimit = Infinity;
    Error.prepareStackTrace = (_error, structured) => {
      sites = structured;
    };
    Error.captureStackTrace(holder, below);
    void holder.stack; // formatted on first access
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
  }
  return sites;
}
