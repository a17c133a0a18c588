import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this repository. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Where `npm run pack:lib`, a part of `npm test`, leaves the package. */
const PACKED = join(repository, 'out', 'package');

/** The package as users install it. */
export function packedTarball(): string {
  const [tarball] = tarballs().sort((a, b) => writtenAt(b) - writtenAt(a));
  if (
    tarball === undefined ||
    newest(join(repository, 'libs/asyncermp/src')) > writtenAt(tarball)
  ) {
    throw new Error('The packed package is missing, or older than its source: npm run pack:lib.');
  }
  return tarball;
}

function tarballs(): string[] {
  try {
    return readdirSync(PACKED)
      .filter((name) => name.endsWith('.tgz'))
      .map((name) => join(PACKED, name));
  } catch {
    return [];
  }
}

/** When the newest file of the folder was written, in milliseconds since the epoch. */
function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => writtenAt(join(folder, file))));
}

function writtenAt(file: string): number {
  return statSync(file).mtimeMs;
}
