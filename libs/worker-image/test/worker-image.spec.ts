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
    const { image } = made;
    expect(image?.codeCache).toBeUndefined();
    const codeCache = new SharedArrayBuffer(1);
    made.keep(codeCache);
    expect(made.image).toEqual({ ...image, codeCache });
    expect(made.image?.codeCache).toBe(codeCache);
  });

  it('is dropped for good', () => {
    const made = new WorkerImage([main]);
    made.drop();
    made.keep(new SharedArrayBuffer(1));
    expect(made.image).toBeUndefined();
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
    expect(new WorkerImage([main]).image).toBeUndefined();
  });
});

function textOf({ image }: WorkerImage): string {
  return Buffer.from(image?.script ?? new SharedArrayBuffer(0)).toString('latin1');
}
