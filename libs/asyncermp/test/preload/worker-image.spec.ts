import { describe, expect, it } from 'vitest';
import { WorkerImage } from '../../dist/pool/channels/worker-image.js';
import { entryFile } from '../../dist/worker/entry-file.js';

const entry = entryFile() ?? '';

describe('the worker image of an application', () => {
  it('has no code cache before a thread has made one, and keeps it from then on', () => {
    const made = new WorkerImage(entry);
    const { image } = made;
    expect(image?.codeCache).toBeUndefined();
    const codeCache = new SharedArrayBuffer(1);
    made.keep(codeCache);
    expect(made.image?.script).toBe(image?.script);
    expect(made.image?.codeCache).toBe(codeCache);
  });

  it('is dropped for good', () => {
    const made = new WorkerImage(entry);
    made.drop();
    made.keep(new SharedArrayBuffer(1));
    expect(made.image).toBeUndefined();
  });

  it('is another one for each application', () => {
    const first = new WorkerImage(entry);
    const second = new WorkerImage(entry);
    first.drop();
    expect(second.image).toBeDefined();
  });
});
