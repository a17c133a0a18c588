import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from './support/tarball.js';

const SOURCES = join(repository, 'libs/asyncermp/src');

/** The library's source, with the parts of its long texts joined. */
const source = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(SOURCES, name), 'utf8').replaceAll(/['"`] \+\s+['"`]/g, ''))
  .join('\n');

/** The first column of its tables. */
const texts = readFileSync(join(repository, 'docs/troubleshooting.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)])
  .map(([, text = '']) => text);

it('the page on troubleshooting has texts to look for', () => {
  expect(texts.length).toBeGreaterThan(25);
});

it.each(texts)('the library says what the page on troubleshooting explains: %s', (text) => {
  for (const part of text.split('…')) {
    expect(source).toContain(part.trim());
  }
});
