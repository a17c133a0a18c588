import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { roughBytes, roughBytesOfOwn } from '../../src/engine/rough-bytes.js';
import { decodeError, encodeError, type EncodedError } from '../../src/protocol/error-codec.js';
import { heapGrowth, heapInUse } from '../support/garbage.js';

const MB = 2 ** 20;
const bytes = new Uint8Array(MB);
const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: i,
    name: `row ${i}`,
    tags: ['a', 'b'],
    price: i / 3,
  }));
type Tree = { readonly left: Tree; readonly right: Tree } | { readonly text: string };
const tree = (depth: number): Tree =>
  depth === 0 ? { text: 'x'.repeat(20) } : { left: tree(depth - 1), right: tree(depth - 1) };
const chain = (depth: number): unknown =>
  Array.from({ length: depth }).reduce((next) => ({ text: 'x'.repeat(1_000), next }), undefined);

describe('roughBytes()', () => {
  it.each<[what: string, value: unknown, least: number]>([
    ['an ArrayBuffer', new ArrayBuffer(MB), MB],
    ['a view, with all of its buffer', bytes.subarray(0, 10), MB],
    ['shared memory', new SharedArrayBuffer(MB), MB],
    ['a text', 'x'.repeat(MB), MB],
    ['a text whose characters take two bytes', 'ж'.repeat(MB), 2 * MB],
    ['a text in an object', new String('x'.repeat(MB)), MB],
    ['a large bigint', 1n << BigInt(8 * MB), MB],
    ['a Blob', new Blob([bytes]), MB],
    ['a property', { id: 7, picture: bytes }, MB],
    ['a property far below', { a: { b: [{ c: new Map([['d', { e: [bytes] }]]) }] } }, MB],
    ['a property beside a long list', { rows: rows(5_000).map(() => 1), end: { bytes } }, MB],
    ['a list in a property', { pictures: [bytes, new Uint8Array(MB)] }, 2 * MB],
    ['the keys of a Map', new Map([[bytes, 'a']]), MB],
    ['the values of a Map', new Map([['a', bytes]]), MB],
    ['a Set', new Set([bytes, new Uint8Array(MB)]), 2 * MB],
    [
      'several views of one buffer once',
      [bytes, bytes.subarray(1), new DataView(bytes.buffer)],
      MB,
    ],
    ['many numbers', Array.from({ length: MB }, (_, i) => i), 8 * MB],
    ["an error's message", new Error('x'.repeat(MB)), 2 * MB],
    ["an error's stack", Object.assign(new Error('x'), { stack: 'x'.repeat(MB) }), MB],
    ["an error's cause", new Error('x', { cause: new Error('y', { cause: bytes }) }), MB],
    ["an error's properties", Object.assign(new Error('x'), { response: { bytes } }), MB],
    ['the errors of an AggregateError', new AggregateError([new Error('x', { cause: bytes })]), MB],
  ])('counts %s', (_what, value, least) => {
    expect(roughBytes(value)).toBeGreaterThanOrEqual(least);
    expect(roughBytes(value)).toBeLessThan(least * 1.05 + 10_000);
  });

  it.each([[undefined], [null], [42], ['short'], [{ uid: 'a', result: 1 }], [new Date()]])(
    'is nearly 0 for %o',
    (value) => {
      expect(roughBytes(value)).toBeLessThan(100);
    },
  );

  it.each<[what: string, value: unknown]>([
    ['a value that contains itself', loop()],
    ['a list that contains itself', loopedList()],
    [
      'many references to one object',
      Array.from(
        { length: 1_000 },
        (
          (one) => () =>
            one
        )({ bytes }),
      ),
    ],
    ['a list with a length and no items', Object.assign([bytes], { length: 1e9 })],
    ['many views of one buffer', Array.from({ length: 1_000 }, (_, i) => bytes.subarray(i))],
  ])('counts what is there more than once only once: %s', (_what, value) => {
    expect(roughBytes(value)).toBeGreaterThanOrEqual(MB);
    expect(roughBytes(value)).toBeLessThan(1.5 * MB);
  });

  it.each<[what: string, make: () => unknown]>([
    ['rows', () => rows(10_000)],
    ['a Map', () => new Map(Array.from({ length: 20_000 }, (_, i) => [`key${i}`, i]))],
    ['a Set', () => new Set(Array.from({ length: 20_000 }, (_, i) => `member ${i}`))],
    ['a table', () => Object.fromEntries(rows(20_000).map(({ name }) => [`the ${name}`, 1]))],
    ['a tree', () => tree(14)],
    ['a linked list', () => chain(900)],
    ['fractions', () => Array.from({ length: 100_000 }, (_, i) => i / 3)],
    ['lists of lists', () => rows(300).map(() => rows(300).map(({ id, name }) => [id, name]))],
  ])('is between half and twice of what V8 takes for %s', async (_what, make) => {
    const { value, taken } = await received(serialize(make()));
    expect(roughBytes(value)).toBeGreaterThan(taken / 2);
    expect(roughBytes(value)).toBeLessThan(taken * 2);
  });
});

describe('roughBytes() of an error that came from a worker', () => {
  it.each<[what: string, make: () => Error]>([
    ['in its cause', () => new Error('x', { cause: rows(3_000) })],
    ['in a property', () => Object.assign(new Error('x'), { response: { data: rows(3_000) } })],
    [
      'in the cause of its cause',
      () => new Error('x', { cause: new Error('y', { cause: rows(3_000) }) }),
    ],
    [
      'in the errors of an AggregateError',
      () => new AggregateError([Object.assign(new Error('x'), { rows: rows(3_000) })]),
    ],
  ])('is nearly what V8 takes for rows %s', async (_what, make) => {
    const sent = Array.from({ length: 10 }, () => serialize(encodeError(make())));
    // What is made once only, such as a class, is there before it is measured.
    decodeError(deserialize(sent[0] ?? Buffer.alloc(0)) as EncodedError);
    const kept: unknown[] = [];
    await heapInUse();
    const taken = await heapGrowth(() => {
      kept.push(...sent.map((bytesOfOne) => decodeError(deserialize(bytesOfOne) as EncodedError)));
    });
    expect(kept.length * roughBytes(kept[0])).toBeGreaterThan(taken * 0.9);
    expect(kept.length * roughBytes(kept[0])).toBeLessThan(taken * 1.3);
  });
});

describe('roughBytesOfOwn()', () => {
  it('counts as roughBytes() does', () => {
    expect(roughBytesOfOwn({ a: [{ bytes }] })).toBeGreaterThanOrEqual(MB);
    expect(roughBytesOfOwn(new Error('x', { cause: { bytes } }))).toBeGreaterThanOrEqual(MB);
  });

  it('runs no code of the user: no getter, no trap of a Proxy, no formatting of a stack', () => {
    const touched: string[] = [];
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => (touched.push('trap'), []),
        getPrototypeOf: () => (touched.push('trap'), null),
      },
    );
    class Busy extends Map {
      override get size(): number {
        touched.push('size');
        return 1;
      }
    }
    const original = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace') ?? {};
    Error.prepareStackTrace = () => touched.push('stack');
    try {
      roughBytesOfOwn({
        get a() {
          return touched.push('getter');
        },
        list: Object.defineProperty([1], 0, { get: () => touched.push('item') }),
        proxy,
        error: new Error('x', { cause: proxy }),
        map: new Busy(),
      });
    } finally {
      Object.defineProperty(Error, 'prepareStackTrace', { value: undefined, ...original });
    }
    expect(touched).toEqual([]);
  });
});

function loop(): unknown {
  const value: { self?: unknown; bytes: Uint8Array } = { bytes };
  value.self = value;
  return value;
}

function loopedList(): unknown {
  const list: unknown[] = [bytes];
  list.push(list, list, list);
  return list;
}

/** The value as a thread receives it, and how much of its heap it takes. */
async function received(sent: Buffer): Promise<{ value: unknown; taken: number }> {
  let value: unknown;
  // What made it is garbage now, and must not be freed while this measures.
  await heapInUse();
  const taken = await heapGrowth(() => {
    value = deserialize(sent);
  });
  return { value, taken };
}
