import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { buildImage } from '../src/worker-image.js';
import { ask } from './exports.js';

const file = createRequire(import.meta.url).resolve('rxjs');
const questions = { entries: [file], files: [file] };

describe('the code cache that V8 made in one thread', () => {
  it('is used in the next', async () => {
    const image = buildImage([file]);
    const first = await ask({ ...questions, image });
    expect(first.wasCompiled).toBe(true);
    const second = await ask({ ...questions, image: { ...image, codeCache: first.codeCache } });
    expect(second.wasCompiled).toBe(false);
    expect(second.exports).toEqual(first.exports);
  });

  it('is made again if V8 does not accept it', async () => {
    const image = buildImage([file]);
    const { wasCompiled, exports } = await ask({
      ...questions,
      image: { ...image, codeCache: new ArrayBuffer(1_000) },
    });
    expect(wasCompiled).toBe(true);
    expect(exports[file]?.imported).toHaveProperty('Observable');
  });
});
