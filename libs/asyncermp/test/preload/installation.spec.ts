import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildImage } from '../../src/preload/build-image.js';
import { indexOf } from '../../src/preload/module-image.js';
import { exportsOfFiles, exportsWithImage } from './exports.js';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const entries = [`${dist}index.js`, `${dist}worker/serve-lease.js`];

describe('the image of this library and of the Nest that is installed', () => {
  it('has every module export what its file exports', async () => {
    const { modules } = indexOf(buildImage(entries));
    const files = modules.map(({ file }) => file);
    // Each of these would be a reason for workers to load file by file again.
    for (const name of [
      '@nestjs/common/index.js',
      '@nestjs/core/index.js',
      'rxjs/dist/cjs/index.js',
    ]) {
      expect(files.some((file) => file.endsWith(`/node_modules/${name}`))).toBe(true);
    }
    // In the order in which the entries import them.
    const asked = [...entries, ...files];
    const expected = await exportsOfFiles(asked);
    const told = await exportsWithImage(entries, asked);
    for (const file of files) {
      expect(withoutChance(told[file]), file).toEqual(withoutChance(expected[file]));
    }
  });
});

/** Every copy of the library begins its uids in another way. */
function withoutChance(told: object | undefined): unknown {
  return JSON.parse(
    JSON.stringify(told).replace(/"UID_PREFIX":"string [0-9a-f]{8}-"/g, '"UID_PREFIX":""'),
  );
}
