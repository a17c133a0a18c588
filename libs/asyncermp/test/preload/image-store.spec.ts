import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage } from '../../src/preload/build-image.js';
import { ImageStore, type CompiledImage } from '../../src/preload/image-store.js';

let root: string;
let main: string;
let cache: string;
let makers: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'image-store-'));
  const dependency = join(root, 'node_modules', 'dependency');
  mkdirSync(dependency, { recursive: true });
  writeFileSync(join(dependency, 'package.json'), '{"type":"module","main":"index.js"}');
  writeFileSync(join(dependency, 'index.js'), 'export const one = 1');
  main = join(root, 'main.mjs');
  writeFileSync(main, `export * from 'dependency'`);
  makers = join(root, 'makers');
  mkdirSync(makers);
  writeFileSync(join(makers, 'maker.js'), '1');
  cache = join(root, 'node_modules', '.cache', 'nestjs-asyncermp');
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function compiled(): CompiledImage {
  const codeCache = new SharedArrayBuffer(3);
  new Uint8Array(codeCache).set([1, 2, 3]);
  return { ...buildImage([main]), codeCache };
}

function bytes(memory: SharedArrayBuffer): number[] {
  return [...new Uint8Array(memory)];
}

describe('the image of an installation', () => {
  it('is kept in node_modules/.cache, and read as it was', () => {
    const image = compiled();
    new ImageStore([main], makers).write(image);
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.image$/)]);
    const read = new ImageStore([main], makers).read();
    expect(bytes(read?.index as SharedArrayBuffer)).toEqual(bytes(image.index));
    expect(bytes(read?.script as SharedArrayBuffer)).toEqual(bytes(image.script));
    expect(bytes(read?.codeCache as SharedArrayBuffer)).toEqual([1, 2, 3]);
  });

  it('is none before it was written, and none for other entries', () => {
    const store = new ImageStore([main], makers);
    expect(store.read()).toBeUndefined();
    store.write(compiled());
    expect(new ImageStore([main, main], makers).read()).toBeUndefined();
  });

  it.each<[string, () => void]>([
    ['a file was changed', () => writeFileSync(main, `export * from 'dependency' // changed`)],
    ['a file was written again', () => utimesSync(main, new Date(), new Date(2030, 1))],
    ['a file is gone', () => rmSync(join(root, 'node_modules/dependency/index.js'))],
    [
      'a package says something else',
      () => writeFileSync(join(root, 'node_modules/dependency/package.json'), '{}'),
    ],
    ['another library makes it', () => writeFileSync(join(makers, 'maker.js'), 'more')],
    [
      'a package got packages of its own',
      () => mkdirSync(join(root, 'node_modules/dependency/node_modules')),
    ],
  ])('is none when %s', (_, change) => {
    const store = new ImageStore([main], makers);
    store.write(compiled());
    expect(store.read()).toBeDefined();
    change();
    expect(store.read()).toBeUndefined();
  });

  it('is none when a part of it is missing', () => {
    const store = new ImageStore([main], makers);
    store.write(compiled());
    const [name = ''] = readdirSync(cache);
    const whole = readFileSync(join(cache, name));
    for (const length of [whole.length - 1, 100, 3, 0]) {
      writeFileSync(join(cache, name), whole.subarray(0, length));
      expect(store.read()).toBeUndefined();
    }
  });

  it('is written again over an older one', () => {
    const store = new ImageStore([main], makers);
    store.write(compiled());
    writeFileSync(main, 'export const two = 2');
    expect(store.read()).toBeUndefined();
    store.write(compiled());
    expect(store.read()).toBeDefined();
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('is not kept where nothing can be written', () => {
    writeFileSync(join(root, 'node_modules', '.cache'), 'not a directory');
    const store = new ImageStore([main], makers);
    store.write(compiled());
    expect(store.read()).toBeUndefined();
  });
});
