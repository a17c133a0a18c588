import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildImage } from '../../src/preload/build-image.js';
import { ask } from './exports.js';

const library = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
const questions = { entries: [library], files: [library] };

describe('what V8 made of an image in one worker', () => {
  it('is used in the next', async () => {
    const image = buildImage([library]);
    const first = await ask({ ...questions, image });
    expect(first.wasCompiled).toBe(true);
    const second = await ask({ ...questions, image: { ...image, codeCache: first.codeCache } });
    expect(second.wasCompiled).toBe(false);
    expect(second.told).toEqual(first.told);
  });

  it('is made anew where it is no use', async () => {
    const image = buildImage([library]);
    const { wasCompiled, told } = await ask({
      ...questions,
      image: { ...image, codeCache: new SharedArrayBuffer(1_000) },
    });
    expect(wasCompiled).toBe(true);
    expect(told[library]?.imported).toHaveProperty('AsyncerMpModule');
  });
});
