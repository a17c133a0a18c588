import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { buildImage } from '../src/worker-image.js';
import { readEsModule } from '../src/module-source.js';
import { exportsOfFiles, exportsWithImage } from './exports.js';

const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) {
    rmSync(directory, { recursive: true });
  }
});

/** Writes the files, and returns the directory. */
function write(files: Record<string, string>): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'preload-')));
  directories.push(directory);
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

/** Runs the files in an image of main.js, and as Node does by itself: both must come to the same. */
async function expectTheSame(files: Record<string, string>): Promise<Record<string, string>> {
  const directory = write(files);
  const paths = Object.keys(files)
    .filter((name) => /\.[cm]?js$/.test(name))
    .map((name) => join(directory, name));
  const main = join(directory, 'main.js');
  // What is imported first evaluates first.
  const all = [main, ...paths.filter((path) => path !== main)];
  const expected = await exportsOfFiles(all);
  expect(await exportsWithImage([main], all)).toEqual(expected);
  return expected[main]?.imported ?? {};
}

describe('a module in an image exports what Node has it export', () => {
  it('by every form of export', async () => {
    const exports = await expectTheSame({
      'main.js': `
        export const one = 1, two = 2;
        export let decorated = class Decorated {};
        decorated = Object.assign(decorated, { marked: true });
        export function probeHoisted() { return [typeof later, one] }
        export async function probeLater() { return 'later' }
        export function* generator() {}
        export class Plain {}
        const hidden = 'hidden'; class Other {}
        export { hidden as shown, Other, Other as 'any name' };
        export const { a, b: { c } } = { a: 'a', b: { c: 'c' } };
        export default class extends Plain {}
        const later = 3;
        // export const notThis = 1;
        const text = \`
        export const norThis = 2;
        import nothing from 'nowhere';
        \`;
      `,
    });
    expect(exports).toMatchObject({
      shown: 'string hidden',
      c: 'string c',
      probeHoisted: '["number",1]',
    });
  });

  it.each([
    'export default 1 + 1',
    'export default function named() { return 1 }',
    'export default function () { return 1 }',
    'export default async () => 1',
    'export default class Named {}',
    'const it = { a: 1 }; export { it as default }',
  ])('as its default: %s', async (text) => {
    await expectTheSame({
      'main.js': `import it, { default as same } from './it.js'; export { it, same }; export const isSame = it === same`,
      'it.js': text,
    });
  });

  it('of other modules', async () => {
    const exports = await expectTheSame({
      'main.js': `
        export * from './a.js';
        export * from './b.js';
        export * as all from './a.js';
        export { two as zwei, default as it } from './a.js';
        import { one as uno } from './a.js';
        import it2, * as again from './a.js';
        import './b.js';
        export { uno, it2 };
        export const three = 'of main';
        export const probeAgain = () => [Object.keys(again).sort(), again.default, uno];
      `,
      'a.js': `export const one = 1, two = 2; export default 'default of a';`,
      'b.js': `export const three = 'of b'; export default 'default of b';\n        export {};`,
    });
    expect(exports).toMatchObject({
      three: 'string of main',
      uno: 'number 1',
      it2: 'string default of a',
    });
  });

  it('of modules that import each other', async () => {
    const exports = await expectTheSame({
      'main.js': `
        import { B, seen, early } from './b.js';
        export class A { make() { return new B() } }
        import { x } from './x.js';
        export function hoisted() { return x }
        export const probe = () => [new A().make() instanceof B, seen(), early];
      `,
      'x.js': `export const x = 'hoisted'`,
      'b.js': `
        import './x.js';
        import { A, hoisted } from './main.js';
        import * as main from './main.js';
        export const early = hoisted();
        export class B { }
        export const seen = () => [typeof A, typeof main.A, Object.keys(main).length];
      `,
    });
    expect(exports['probe']).toBe('[true,["function","function",3],"hoisted"]');
  });

  it('of modules that come to each other through a third one', async () => {
    const exports = await expectTheSame({
      'main.js': `
        import { late, named } from './late.js';
        export class A {}
        export class B {}
        export const probe = () => [late(), named()];
      `,
      'late.js': `
        import { A, C } from './index.js';
        import * as index from './index.js';
        export const late = () => [typeof A, typeof C];
        export const named = () => Object.keys(index).sort();
      `,
      'index.js': `
        export * from './main.js';
        export { B as C } from './main.js';
      `,
    });
    expect(exports['probe']).toBe('[["function","function"],["A","B","C","probe"]]');
  });

  it('in a cycle, as soon as it has a value', async () => {
    const exports = await expectTheSame({
      'main.js': `
        import { late, early } from './b.js';
        import * as self from './main.js';
        export const value = 'value';
        export const seen = late();
        export const probe = () => [seen, early, self.value];
      `,
      'b.js': `
        import { value } from './main.js';
        export const late = () => value;
        export const early = (() => { try { return value } catch (error) { return error.name } })();
      `,
    });
    expect(exports['probe']).toBe('["value","ReferenceError","value"]');
  });

  it('of itself', async () => {
    const exports = await expectTheSame({
      'main.js': `
        import { one as own } from './main.js';
        export const one = 1;
        export const probe = () => own;
      `,
    });
    expect(exports['probe']).toBe('1');
  });

  it('in the order in which Node evaluates them', async () => {
    const exports = await expectTheSame({
      'main.js': `
        import './first.js';
        export { second } from './second.js';
        import { order } from './order.js';
        order.push('main');
        export const probe = () => order;
      `,
      'order.js': `export const order = [];`,
      'first.js': `import { order } from './order.js'; import './nested.js'; order.push('first');`,
      'nested.js': `import { order } from './order.js'; order.push('nested');`,
      'second.js': `import { order } from './order.js'; order.push('second'); export const second = 2;`,
    });
    expect(exports['probe']).toBe('["nested","first","second","main"]');
  });

  it('of what it knows about itself, and imports when it runs', async () => {
    await expectTheSame({
      'main.js': `
        import { own } from './sub/own.js';
        export const probe = () => own();
      `,
      'sub/own.js': `
        export const own = async () => {
          const { value } = await import('./late.js');
          const { default: json } = await import('./data.json', { with: { type: 'json' } });
          return [import.meta.url, import.meta.filename, import.meta.dirname, value, json.of, typeof this];
        };
      `,
      'sub/late.js': `export const value = import.meta.url;`,
      'sub/data.json': '{ "of": "the data" }',
    });
  });

  it("of Node's own modules", async () => {
    await expectTheSame({
      'main.js': `
        import { join as glue } from 'node:path';
        import path, { sep } from 'path';
        import * as events from 'node:events';
        import EventEmitter, { once } from 'node:events';
        export { isMainThread } from 'node:worker_threads';
        export const probe = () => [
          glue === path.join, sep, events.EventEmitter === EventEmitter, typeof once,
          new EventEmitter() instanceof events.default,
        ];
      `,
    });
  });

  it('unless it is imported with a query, which makes it another module', async () => {
    const exports = await expectTheSame({
      'main.js': `
        import { it } from './it.js';
        export const probe = async () => [
          (await import('./it.js')).it === it,
          (await import('./it.js?another')).it === it,
        ];
      `,
      'it.js': `export const it = {};`,
    });
    expect(exports['probe']).toBe('[true,false]');
  });

  it('of cycles that lead to other cycles', async () => {
    const exports = await expectTheSame({
      'main.js': `
        import { a } from './a.js';
        export * from './b.js';
        export const probe = () => a();
      `,
      'a.js': `
        import { b } from './b.js';
        import { c } from './c.js';
        export const a = () => [typeof b, c()];
      `,
      'b.js': `
        export * from './a.js';
        import { c } from './c.js';
        export const b = [typeof c];
      `,
      'c.js': `
        import * as d from './d.js';
        export const c = () => d.c2.name;
      `,
      'd.js': `
        export { c as c2 } from './c.js';
        export * from './c.js';
      `,
    });
    expect(exports['probe']).toBe('["object","c"]');
  });

  it('written with any characters', async () => {
    const exports = await expectTheSame({
      'main.js': `#!/usr/bin/env node
        // ✓ → “quotes”
        const größe = '✓ 😀', π = /[α-ω]+/u;
        export const probe = () => [größe, größe.length, π.test('λ'), \`→\${größe}\`];`,
    });
    expect(exports['probe']).toBe('["✓ 😀",4,true,"→✓ 😀"]');
  });
});

describe('a CommonJS module in an image exports what Node has it export', () => {
  it('to modules of both kinds', async () => {
    await expectTheSame({
      'main.js': `
        import all, { one } from './common.cjs';
        import * as namespace from './common.cjs';
        import it from './function.cjs';
        export { two } from './common.cjs';
        export * from './stars.cjs';
        export const probe = () => [all.one, one, namespace.default === all, it(), it.extra, all.deep()];
      `,
      'common.cjs': `
        'use strict';
        Object.defineProperty(exports, '__esModule', { value: true });
        exports.one = 1;
        exports.two = void 0;
        exports.two = 2;
        const { three } = require('./sub');
        exports.deep = () => [three, __filename.endsWith('common.cjs'), __dirname.length > 0, this === module.exports];
      `,
      'function.cjs': `module.exports = function it() { return sloppy = 'sloppy' }; module.exports.extra = typeof require('node:path').join;`,
      'stars.cjs': `exports.star = 'star'; exports.lazy = () => import('./late.mjs');`,
      'late.mjs': `export const late = true`,
      'sub/package.json': '{"type":"commonjs"}',
      'sub/index.js': `exports.three = require('./three').three; try { require('not-installed') } catch { exports.optional = 'missing' }`,
      'sub/three.js': `exports.three = [3, require('./three.json')];`,
      'sub/three.json': '3',
    });
  });

  it('with getters that throw, and what a function requires by any name', async () => {
    const exports = await expectTheSame({
      'main.js': `import it, { one } from './it.cjs'; export { one }; export const probe = () => it.later('./one.cjs')`,
      'it.cjs': `
        exports.one = require('./one.cjs');
        Object.defineProperty(exports, 'broken', { enumerable: true, get() { throw new Error('broken') } });
        exports.later = (name) => [require(name) === exports.one, require('sometimes')];`,
      'one.cjs': `module.exports = { one: 1 }`,
      'node_modules/sometimes/index.js': `module.exports = 'sometimes'`,
      'node_modules/sometimes/package.json': '{}',
    });
    expect(exports['probe']).toBe('[true,"sometimes"]');
  });

  it('of modules that require each other', async () => {
    const exports = await expectTheSame({
      'main.js': `import { probe } from './a.cjs'; export { probe }`,
      'a.cjs': `exports.early = 'early'; const b = require('./b.cjs'); exports.probe = () => [b.seen, b.now()];`,
      'b.cjs': `const a = require('./a.cjs'); exports.seen = Object.keys(a); exports.now = () => Object.keys(a);`,
    });
    expect(exports['probe']).toBe('[["early"],["early","probe"]]');
  });

  it('of an ES module that it requires', async () => {
    await expectTheSame({
      'main.js': `import it from './a.cjs'; export const probe = () => it()`,
      'a.cjs': `const es = require('./es.js'); module.exports = () => [es.one, Object.keys(es)];`,
      'es.js': `export const one = 1`,
    });
  });

  it('of an ES module with a default, in a cycle, that it requires', async () => {
    const exports = await expectTheSame({
      'main.js': `import it from './a.cjs'; export const probe = () => it()`,
      'a.cjs': `const es = require('./es.js'); module.exports = () => [Object.keys(es).sort(), es.__esModule, es.default()];`,
      'es.js': `import { two } from './other.js'; export default function it() { return two } export const one = 1; export * from './other.js'`,
      'other.js': `import es from './es.js'; export const two = typeof es; export const later = 3`,
    });
    expect(exports['probe']).toBe('[["__esModule","default","later","one","two"],true,"function"]');
  });
});

describe('a module has nothing in it', () => {
  it.each([
    ['a file of types', '', true],
    ['its source map', '/** Types. */\nexport {};\n//# sourceMappingURL=types.js.map', true],
    ['an effect', 'globalThis.effects = 1;', false],
    ['an effect that looks like a comment', '"//".toString(); export {};', false],
    ['exports', 'export const one = 1;', false],
    ['what it imports', `import './other.js';`, false],
    ['what it imports when it runs', `await import('./other.js');`, false],
  ])('but %s', (_what, source, expected) => {
    expect(readEsModule(source).isEmpty).toBe(expected);
  });
});

describe('an image cannot be made', () => {
  it.each([
    ['an exported variable', 'export let count = 0; export const add = () => count++'],
    [
      'an exported variable',
      'let one = 1,\n  two = 2;\nexport { two }; export const add = () => two++',
    ],
    ['an exported variable', 'let one, two;\nexport { two }'],
    ['attributes', `import data from './data.json' with { type: 'json' }; export { data }`],
    ['separator', 'export const one = 1 // \u2028; export const two = 2'],
    ['begins with $image_', 'export const $image_link = 1'],
  ])('of a module with %s', (reason, text) => {
    const main = join(write({ 'main.js': text, 'data.json': '1' }), 'main.js');
    expect(() => buildImage([main])).toThrow(reason);
  });

  it('of a module that imports what is not there', () => {
    const main = join(write({ 'main.js': `import './nothing.js'` }), 'main.js');
    expect(() => buildImage([main])).toThrow(/nothing\.js/);
  });
});
