import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildImage } from '../../../worker-image/src/worker-image.js';
import type { ImageIndex } from '../../../worker-image/src/image-format.js';
import { exportsOfFiles, exportsWithImage } from '../../../worker-image/test/exports.js';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const entries = [`${dist}index.js`, `${dist}worker/serve-lease.js`];

describe('the image of this library and of the Nest that is installed', () => {
  it('has every module export what its file exports', async () => {
    const index = Buffer.from(buildImage(entries).index).toString();
    const files = (JSON.parse(index) as ImageIndex).map(({ file }) => file);
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
    const found = await exportsWithImage(entries, asked);
    for (const file of files) {
      expect(withoutPrefix(found[file]), file).toEqual(withoutPrefix(expected[file]));
    }
  });
});

/** Every copy of the library has another prefix for its uids. */
function withoutPrefix(exports: object | undefined): unknown {
  return JSON.parse(
    JSON.stringify(exports).replace(/"UID_PREFIX":"string [0-9a-f]{8}-"/g, '"UID_PREFIX":""'),
  );
}
