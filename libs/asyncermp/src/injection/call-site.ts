import { isAbsolute } from 'node:path';

/**
 * The file whose import runs the code that calls this function, as a path or a `file:` URL.
 *
 * While a decorator is applied, the stack holds from the inside out: this library; helpers (`__decorate`,
 * tslib, Reflect.decorate, applyDecorators, the user's own in other files); the module that defines the
 * class; the loader of that module; and the files that required it. So the module is the last frame before
 * the first frame of a loader. A bundle is one module, so frames of the library and of the user need not be
 * distinguished in it.
 */
export function definingFile(): string | undefined {
  return definingSite(definingFile)?.file;
}

/** The same with line and column, to distinguish two classes of one file. */
export function definingPlace(): string {
  const site = definingSite(definingPlace);
  return site ? `${site.file}:${site.line}:${site.column}` : 'evaluated code';
}

interface DefiningSite {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
}

function definingSite(below: Function): DefiningSite | undefined {
  let found: DefiningSite | undefined;
  for (const site of callSites(below)) {
    const name = site.getFileName();
    // Built-in functions have no file name, and neither has evaluated code (`devtool: 'eval'` of bundlers).
    if (typeof name !== 'string') {
      continue;
    }
    if (LOADER.test(name)) {
      break;
    }
    if (isFile(name)) {
      found = { file: name, line: site.getLineNumber(), column: site.getColumnNumber() };
    }
  }
  return found;
}

/**
 * The file that the caller's code runs from, as a path or a `file:` URL: its own file, or the bundle that
 * contains it. Undefined if a bundler had it evaluated from a string.
 */
export function callingFile(): string | undefined {
  const name = callSites(callingFile)[0]?.getFileName();
  return isFile(name) ? name : undefined;
}

/** False for the URLs that bundlers give to evaluated code (`devtool: 'eval'`): `webpack://app/...`. */
function isFile(name: unknown): name is string {
  return typeof name === 'string' && (isAbsolute(name) || name.startsWith('file:'));
}

/** The loaders of both module systems of Node, of vitest and of jest. */
const LOADER = /^node:|[\\/]node_modules[\\/](?:@?vitest|vite|vite-node|jest-[a-z]+)[\\/]/;

/**
 * The stack frames of the callers of the function. As structured call sites, because the text of a stack
 * names the original sources under --enable-source-maps.
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
