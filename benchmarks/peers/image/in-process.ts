import { blur } from '../../work/blur.js';
import type { Pool } from '../pool.js';

/** Blurs the picture on the main thread. */
export function start(): Pool {
  return {
    blur: async (pixels, width) => blur(pixels, width),
    end: async () => {},
  };
}
