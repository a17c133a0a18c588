import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerImage } from '../src/worker-image.js';

let directory: string;
let main: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'worker-image-'));
  main = join(directory, 'main.mjs');
  writeFileSync(main, 'export const one = 1');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('the worker image of an application', () => {
  it('has no code cache before a thread has made one, and keeps it from then on', () => {
    const made = new WorkerImage([main]);
    const image = made.copy();
    expect(image?.codeCache).toBeUndefined();
    const codeCache = new ArrayBuffer(1);
    made.keep(codeCache);
    expect(made.copy()).toEqual({ ...image, codeCache });
  });

  it('gives each thread memory of its own, in which no other thread can write', () => {
    const made = new WorkerImage([main]);
    made.keep(new ArrayBuffer(1));
    const before = structuredClone(made.copy());
    for (const memory of Object.values(made.copy() ?? {}) as ArrayBuffer[]) {
      new Uint8Array(memory).fill(7);
    }
    expect(made.copy()).toEqual(before);
  });

  it('has its code cache made by one thread: the second, and by another one if that fails', () => {
    const made = new WorkerImage([main]);
    const claim = (): boolean => {
      const isClaimed = made.claimCodeCache();
      made.copy();
      return isClaimed;
    };
    expect([claim(), claim(), claim()]).toEqual([false, true, false]);
    made.keep(undefined);
    expect([claim(), claim()]).toEqual([true, false]);
    made.keep(new ArrayBuffer(1));
    expect(claim()).toBe(false);
  });

  it('is dropped for good', () => {
    const made = new WorkerImage([main]);
    made.copy();
    made.drop();
    expect(made.claimCodeCache()).toBe(false);
    made.keep(new ArrayBuffer(1));
    expect(made.copy()).toBeUndefined();
  });

  it('is another one for each application, with the files as they are then', () => {
    const first = new WorkerImage([main]);
    writeFileSync(main, 'export const another = 2');
    const second = new WorkerImage([main]);
    first.drop();
    expect(textOf(second)).toContain('another = 2');
  });

  it('does not exist where a file cannot be in an image', () => {
    writeFileSync(main, 'export let count = 0; export const add = () => count++');
    expect(new WorkerImage([main]).copy()).toBeUndefined();
  });
});

function textOf(made: WorkerImage): string {
  return Buffer.from(made.copy()?.script ?? new ArrayBuffer(0)).toString('latin1');
}
