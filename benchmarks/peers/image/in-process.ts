import { blur } from '../../work/blur.js';
import type { Pool } from '../pool.js';

/** The picture, blurred where it is. */
export function start(): Pool {
  return {
    blur: async (pixels, width) => blur(pixels, width),
    end: async () => {},
  };
}
