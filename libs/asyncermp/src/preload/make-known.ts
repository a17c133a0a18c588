import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Linker } from './linker.js';
import type { ImageModule } from './module-image.js';
import { evaluateAs, provide } from './node-module.js';

const KEY = 'nestjs-asyncermp:linker:1';

/**
 * Makes the modules known to Node, for what is not in the image: a handler's file that imports Nest gets
 * the copy of the image.
 *
 * In the place of each ES module Node is given one that exports what the image's module exports: when it is
 * asked for, by a hook. Before Node 22.15, which has no hooks in the same thread, it is given beforehand, and a
 * `require()` finds it in Node's cache, as it finds CommonJS modules everywhere.
 */
export function makeKnown(modules: readonly ImageModule[], linker: Linker): void {
  (globalThis as Record<symbol, unknown>)[Symbol.for(KEY)] = linker;
  registerHooks?.({
    load: (url, context, nextLoad) => {
      const number = PLAIN_FILE.test(url) ? linker.find(fileURLToPath(url)) : undefined;
      return number === undefined || modules[number]?.format !== 'module'
        ? nextLoad(url, context)
        : { format: 'module', source: facadeOf(number, linker), shortCircuit: true };
    },
  });
  for (const [number, { file, format, isPrivate }] of modules.entries()) {
    if (format === 'module') {
      if (registerHooks) {
        continue;
      }
      if (!isPrivate) {
        evaluateAs(file, facadeOf(number, linker), 'module');
      }
    }
    provide(file, () => linker.exports(number));
  }
}

/** With a query it would be another module. */
const PLAIN_FILE = /^file:[^?#]*$/;

type Load = (url: string, context: object) => object;

/** Since Node 22.15 and 23.5. */
const { registerHooks } = nodeModule as {
  readonly registerHooks?: (hooks: {
    load: (url: string, context: object, nextLoad: Load) => object;
  }) => void;
};

/** The source of an ES module that exports what the module of the image exports. */
function facadeOf(number: number, linker: Linker): string {
  const names = Object.keys(linker.namespace(number));
  const values = names.map((name, at) => `,$${at}=m[${JSON.stringify(name)}]`);
  const exported = names.map((name, at) => `$${at} as ${JSON.stringify(name)}`);
  return (
    `const m=globalThis[Symbol.for(${JSON.stringify(KEY)})].namespace(${number})` +
    `${values.join('')};export{${exported.join(',')}};`
  );
}
