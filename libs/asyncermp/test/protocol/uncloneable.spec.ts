import { MessageChannel } from 'node:worker_threads';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findUncloneable } from '../../src/protocol/uncloneable.js';

function clones(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** The value at the end of a path. */
function walk(root: unknown, path: string): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- a path is meant to be code
  return new Function('root', `return ${path}`)(root);
}

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) {
    value = wrap(value);
  }
  return value;
}

const detached = new ArrayBuffer(8);
const viewOfDetached = new Uint8Array(detached);
structuredClone(detached, { transfer: [detached] });
const { port1, port2 } = new MessageChannel();
port1.unref();
port2.unref();

class Point {
  x = 1;
  #hidden = () => {};
  get hidden(): unknown {
    return this.#hidden;
  }
}

const boom = (): never => {
  throw new TypeError('boom');
};
const withGetter = Object.defineProperty({}, 'size', { get: boom, enumerable: true });
const circle: unknown[] = [];
circle.push({ circle });
const view = new Uint8Array(8);
const outside = ((): Uint8Array => {
  const Resizable = ArrayBuffer as unknown as new (
    size: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(size: number): void };
  const buffer = new Resizable(8, { maxByteLength: 16 });
  const late = new Uint8Array(buffer, 4, 4);
  buffer.resize(2);
  return late;
})();

describe('findUncloneable', () => {
  it.each([
    ['a method', [{ user: { save() {} } }], 'args[0].user.save', 'is a function'],
    ['a value of a Map', [1, new Map([['key', () => {}]])], 'args[1].get("key")', 'is a function'],
    ['a key of a Map', [new Map([[Symbol('s'), 1]])], '[...args[0].keys()][0]', 'is a symbol'],
    [
      'a value under an object',
      [new Map([[{}, boom]])],
      '[...args[0].values()][0]',
      'is a function',
    ],
    ['a member of a Set', [new Set([1, boom])], '[...args[0]][1]', 'is a function'],
    ['an odd property', [{ 'first-name': boom }], 'args[0]["first-name"]', 'is a function'],
    [
      'a property of an array',
      [Object.assign([1], { save: boom })],
      'args[0].save',
      'is a function',
    ],
    [
      'a property of a long array',
      [
        Object.assign(
          Array.from({ length: 500 }, () => 1),
          { save: boom },
        ),
      ],
      'args[0].save',
      'is a function',
    ],
    [
      'an item far out',
      [Object.assign([], { 4294967290: boom })],
      'args[0][4294967290]',
      'is a function',
    ],
    [
      'a cause',
      [new Error('text', { cause: { save: boom } })],
      'args[0].cause.save',
      'is a function',
    ],
    ['a promise', [Promise.resolve()], 'args[0]', 'is a Promise'],
    ['a WeakMap', [new WeakMap()], 'args[0]', 'is a WeakMap'],
    ['a generator', [(function* () {})()], 'args[0]', 'is a Generator'],
    ['an iterator', [[1].values()], 'args[0]', 'is an Array Iterator'],
    [
      'arguments',
      [
        (function () {
          return arguments;
        })(),
      ],
      'args[0]',
      'is an arguments object',
    ],
    ['a Proxy', [new Proxy([1], {})], 'args[0]', 'is a Proxy'],
    ['a boxed symbol', [Object(Symbol('s'))], 'args[0]', 'is a symbol'],
    ['a detached buffer', [detached], 'args[0]', 'is a detached ArrayBuffer'],
    ['a view of one', [viewOfDetached], 'args[0]', 'is a view of a detached ArrayBuffer'],
    ['a view out of bounds', [outside], 'args[0]', 'is a view beyond the end of its ArrayBuffer'],
    ['a getter', [withGetter], 'args[0].size', 'has a getter that throws (TypeError: boom)'],
    ['an unlisted port', [port1], 'args[0]', 'is a MessagePort that is not in the transfer list'],
    [
      'a stream',
      [new ReadableStream()],
      'args[0]',
      'is a ReadableStream that is not in the transfer list',
    ],
    [
      'an odd error',
      [Object.assign(new Error(), { name: Symbol('s') })],
      'args[0].name',
      expect.stringContaining('TypeError'),
    ],
  ])('names the path and the kind of %s', (_, args, path, what) => {
    expect(clones(args)).toBe(false);
    expect(findUncloneable(args, 'args')).toMatchObject({ path, what });
  });

  it('gives the error that a getter threw as the cause', () => {
    expect(findUncloneable(withGetter, 'result')?.cause).toBeInstanceOf(TypeError);
  });

  it.each([
    ['nothing', undefined],
    ['primitives', [1, 'text', null, undefined, true, 5n]],
    ['an instance, as plain data', new Point()],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['an object of another realm', runInNewContext('({ a: [new Map([[1, new Date()]])] })')],
    [
      'what a clone passes over',
      Object.defineProperty({ [Symbol('s')]: boom }, 'a', { value: boom }),
    ],
    [
      'own properties of what is copied by its content',
      [
        Object.assign(new Date(), { boom }),
        Object.assign(new Map(), { boom }),
        Object.assign(/a/, { boom }),
        Object.assign(new Uint8Array(2), { boom }),
        Object.assign(new Error('text'), { boom }),
        Object.assign(new Number(5), { boom }),
      ],
    ],
    ['a circle', circle],
    ['shared memory', new Int32Array(new SharedArrayBuffer(8))],
    ['a sparse array', Object.assign([], { 4294967290: 1 })],
    ['what match() returns', 'abc'.match(/(?<letter>b)/)],
    ['a Blob', new Blob(['text'])],
    [
      'a tag that throws',
      {
        get [Symbol.toStringTag]() {
          return boom();
        },
      },
    ],
  ])('finds nothing wrong with %s', (_, value) => {
    expect(clones(value)).toBe(true);
    expect(findUncloneable(value, 'args')).toBeUndefined();
  });

  it.each([
    ['a URL', new URL('http://localhost')],
    ['Headers', new Headers()],
    ['an EventTarget', new EventTarget()],
    ['a DOMException', new DOMException('text', 'AbortError')],
    ['an error in its own cause', Object.assign(new Error('text'), { cause: undefined })],
  ])('agrees with this version of Node about %s', (_, value) => {
    if (value instanceof Error && 'cause' in value) {
      value.cause = { value };
    }
    expect(findUncloneable([value], 'args') === undefined).toBe(clones([value]));
  });

  it('accepts values in the transfer list, and views of them', () => {
    const args = [{ port: port1 }, view];
    expect(findUncloneable(args, 'args', [port1, view.buffer])).toBeUndefined();
  });

  it.each([
    ['a detached buffer', [detached], 'is a detached ArrayBuffer'],
    ['one that is listed twice', [view.buffer, view.buffer], 'is listed twice'],
    ['a plain object', [{}], expect.stringContaining('is not an object that can be handed over')],
    ['a view', [view], expect.stringContaining('is a view')],
    ['a number', [5], expect.stringContaining('is a number')],
    [
      'shared memory',
      [new SharedArrayBuffer(8)],
      expect.stringContaining('is a SharedArrayBuffer'),
    ],
  ])('refuses a transfer list with %s', (_, transferList, what) => {
    const path = `transfer[${transferList.length - 1}]`;
    expect(findUncloneable([], 'args', transferList)).toMatchObject({ path, what });
  });

  it.each([
    ['objects', (inner: unknown) => ({ inner })],
    ['arrays', (inner: unknown) => [inner]],
    ['Maps', (inner: unknown) => new Map([[1, inner]])],
    ['Sets', (inner: unknown) => new Set([inner])],
    ['errors', (inner: unknown) => new Error('', { cause: inner })],
    ['instances', (inner: unknown) => Object.assign(new Point(), { inner })],
  ])('accepts a thousand nested %s, and refuses a hundred thousand', (_, wrap) => {
    expect(findUncloneable([nested(999, wrap)], 'args')).toBeUndefined();
    const deep = [0, nested(100_000, wrap)];
    expect(clones(deep)).toBe(false);
    expect(findUncloneable(deep, 'args')).toEqual({
      path: 'args[1]',
      what: 'is nested too deeply',
    });
  });

  it('does not copy large buffers, even within an instance', () => {
    class Image {
      constructor(readonly pixels: Uint8Array) {}
    }
    const image = new Image(new Uint8Array(200_000_000));
    const before = process.memoryUsage().arrayBuffers;
    expect(findUncloneable([image, image.pixels], 'args')).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it('agrees with structuredClone() on random values, and its path leads to the culprit', () => {
    let poisoned = 0;
    fc.assert(
      fc.property(values, (value) => {
        const culprit = findUncloneable(value, 'root');
        expect(culprit === undefined).toBe(clones(value));
        if (culprit) {
          poisoned++;
          let at: unknown;
          try {
            at = walk(value, culprit.path);
          } catch (thrown) {
            expect(culprit.cause).toBe(thrown);
            return;
          }
          // The path ends at the culprit itself: no part of it can be named.
          expect(clones(at)).toBe(false);
          expect(findUncloneable(at, 'root')).toMatchObject({ path: 'root', what: culprit.what });
        }
      }),
      { numRuns: 2_000 },
    );
    expect(poisoned).toBeGreaterThan(100);
  });
});

const thrown = new TypeError('always this one');
const poison = fc.constantFrom<unknown>(
  boom,
  Symbol('s'),
  Promise.resolve(),
  new WeakSet(),
  new WeakRef({}),
  (function* () {})(),
  new Proxy({}, {}),
  detached,
  viewOfDetached,
  outside,
  new Intl.NumberFormat(),
  port2,
  new URL('http://localhost'),
  Object.defineProperty({}, 'odd', {
    get: () => {
      throw thrown;
    },
    enumerable: true,
  }),
);
const harmless = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constantFrom<unknown>(null, undefined, 5n, Number.NaN, new Date(0), /a/, new Point(), view),
);
const { values } = fc.letrec<{ values: unknown }>((tie) => ({
  values: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    { weight: 12, arbitrary: harmless },
    { weight: 1, arbitrary: poison },
    { weight: 4, arbitrary: fc.array(tie('values')) },
    { weight: 4, arbitrary: fc.dictionary(fc.string(), tie('values')) },
    {
      weight: 2,
      arbitrary: fc.array(fc.tuple(tie('values'), tie('values'))).map((e) => new Map(e)),
    },
    { weight: 2, arbitrary: fc.array(tie('values')).map((members) => new Set(members)) },
    { weight: 1, arbitrary: tie('values').map((cause) => new Error('text', { cause })) },
    { weight: 1, arbitrary: tie('values').map((x) => Object.assign(new Point(), { x })) },
    { weight: 1, arbitrary: tie('values').map((own) => Object.assign([1, 2], { own })) },
    { weight: 1, arbitrary: tie('values').map((own) => ({ own, again: [own, { own }] })) },
  ),
}));
