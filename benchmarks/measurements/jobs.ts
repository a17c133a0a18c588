import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { able } from '../peers/pool.js';
import type { Measurement } from './figures.js';
import { watchLoop } from './watch-loop.js';

/** Renders the READMEs of the installed packages, as the demo does. */
export const site: Measurement<{ documents: number }> = async (peer, { documents }) => {
  const render = able(await peer.pool, 'render');
  const markdown = readmes(documents);
  return watchLoop(async () => {
    const lengths = await Promise.all(markdown.map((document) => render(document)));
    if (lengths.some((length) => length === 0)) {
      throw new Error('A page is empty');
    }
  });
};

/** Blurs full HD pictures, which are transferred to workers and back. */
export const image: Measurement<{ pictures: number }> = async (peer, { pictures }) => {
  const blur = able(await peer.pool, 'blur');
  const width = 1_920;
  const bytes = width * 1_080 * 4;
  const originals = Array.from({ length: pictures }, () => new Uint8Array(bytes).fill(100));
  return watchLoop(async () => {
    const blurred = await Promise.all(originals.map((pixels) => blur(pixels, width)));
    if (blurred.some(({ length }) => length !== bytes)) {
      throw new Error('A picture has lost pixels');
    }
  });
};

/** The longest first: as the last one it would run alone at the end. */
function readmes(count: number): readonly string[] {
  const folder = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?:^|\/)readme\.md$/i.test(file))
    .sort()
    .slice(0, count)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .sort((a, b) => b.length - a.length);
}
