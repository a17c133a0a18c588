import * as nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Linker } from './linker.js';
import type { ImageModule } from './module-image.js';
import { evaluateAs, provide } from './node-module.js';

const KEY = 'nestjs-asyncermp:linker:1';

/**
 * Makes the modules known to Node, for what is not in the image: a handler's file that imports Nest gets
 * the copy of the image.
 *
 * A `require()` finds them in Node's cache. For an `import`, Node is given in the place of each ES module
 * one that exports what the image's module exports: when it is asked for, by a hook, and before Node
 * 22.15, which has no hooks in the same thread, beforehand.
 */
export function makeKnown(modules: readonly ImageModule[], linker: Linker): void {
  (globalThis as Record<symbol, unknown>)[Symbol.for(KEY)] = linker;
  const esModules = [...modules.entries()].filter(([, { format }]) => format === 'module');
  if (registerHooks) {
    const numbers = new Map(esModules.map(([at, { file }]) => [pathToFileURL(file).href, at]));
    registerHooks({
      load: (url, context, nextLoad) => {
        const number = numbers.get(url);
        return number === undefined
          ? nextLoad(url, context)
          : { format: 'module', source: facadeOf(number, linker), shortCircuit: true };
      },
    });
  } else {
    for (const [number, { file, isPrivate }] of esModules) {
      if (!isPrivate) evaluateAs(file, facadeOf(number, linker), 'module');
    }
  }
  for (const [number, { file }] of modules.entries()) provide(file, () => linker.exports(number));
}

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
