import { describe, expect, it } from 'vitest';
import { roughBytes } from '../../src/engine/recent-items.js';

const MB = 2 ** 20;
const bytes = new Uint8Array(MB);

describe('roughBytes()', () => {
  it.each<[what: string, value: unknown, least: number]>([
    ['an ArrayBuffer', new ArrayBuffer(MB), MB],
    ['a view, with all of its buffer', bytes.subarray(0, 10), MB],
    ['shared memory', new SharedArrayBuffer(MB), MB],
    ['a text', 'x'.repeat(MB), MB],
    ['a property', { id: 7, picture: bytes }, MB],
    ['a list in a property', { pictures: [bytes, bytes] }, 2 * MB],
    ['the values of a Map', new Map([['a', bytes]]), MB],
    ['a Set', new Set([bytes, new Uint8Array(MB)]), 2 * MB],
    ['a long list, by its first ones', Array.from({ length: 1_000 }, () => bytes), 1_000 * MB],
    ['many numbers', Array.from({ length: MB }, (_, i) => i), 8 * MB],
  ])('counts %s', (_what, value, least) => {
    expect(roughBytes(value)).toBeGreaterThanOrEqual(least);
    expect(roughBytes(value)).toBeLessThan(least + 1_000);
  });

  it.each([[undefined], [null], [42], ['short'], [{ uid: 'a', result: 1 }], [new Date()]])(
    'is nearly 0 for %o',
    (value) => {
      expect(roughBytes(value)).toBeLessThan(100);
    },
  );

  it('ends for a value that contains itself', () => {
    const loop: { self?: unknown; bytes: Uint8Array } = { bytes };
    loop.self = loop;
    expect(roughBytes(loop)).toBeGreaterThanOrEqual(MB);
  });
});
