import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { indexOf, shared, type ModuleImage } from './module-image.js';
import { packageRootOf } from './resolve-file.js';

/** An image with all that a worker can make use of. */
export type CompiledImage = ModuleImage & { readonly codeCache: SharedArrayBuffer };

/** The head of a stored image; its index, the script and V8's code cache follow it. */
interface Head {
  /** Of what was read for the image: when the image is used, it must be as it was then. */
  readonly stamps: Readonly<Record<string, string>>;
  readonly indexBytes: number;
  readonly scriptBytes: number;
  readonly codeCacheBytes: number;
}

/**
 * Keeps the image of an installation between two starts of an application, in `node_modules/.cache`, as
 * the caches of other tools: to make it takes a tenth of a second, to read it a tenth of that. Where
 * nothing can be written, nothing is kept.
 */
export class ImageStore {
  readonly #file: string | undefined;

  /**
   * @param entries The files that the image is made of, as paths.
   * @param makers The directory of what makes images: another library makes others of the same files.
   */
  constructor(
    entries: readonly string[],
    private readonly makers: string,
  ) {
    const directory = cacheDirectory(entries[0] ?? '');
    // V8 takes its code cache back under the same version and options only.
    const { version, arch, platform, execArgv, env } = process;
    const key = [version, arch, platform, ...execArgv, env['NODE_OPTIONS'], ...entries];
    const name = createHash('sha256').update(key.join('\n')).digest('hex').slice(0, 16);
    this.#file = directory && join(directory, `${name}.image`);
  }

  /** The image of the files as they are now; undefined where none is kept. */
  read(): CompiledImage | undefined {
    try {
      return this.#file === undefined ? undefined : decode(readFileSync(this.#file));
    } catch {
      return undefined;
    }
  }

  /**
   * Once in the life of an installation, and at once, some milliseconds: the process may be about to end.
   * Never throws.
   */
  write(image: CompiledImage): void {
    if (this.#file === undefined) {
      return;
    }
    // Nobody ever reads a part of it.
    const draft = `${this.#file}.${process.pid}`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(draft, encode(image, pathsRead(image, this.makers)));
      renameSync(draft, this.#file);
    } catch {
      discard(draft);
    }
  }
}

function discard(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It was never there: where it would be is no directory.
  }
}

/** In the `node_modules` that the library is installed in, or else in the first one above its files. */
function cacheDirectory(file: string): string | undefined {
  const [, installedIn] = /^(.*[\\/]node_modules)[\\/]/.exec(file) ?? [];
  const modules = installedIn ?? findUp('node_modules', dirname(file));
  return modules && join(modules, '.cache', 'nestjs-asyncermp');
}

function findUp(name: string, directory: string): string | undefined {
  const path = join(directory, name);
  if (stampOf(path) !== ABSENT) {
    return path;
  }
  const parent = dirname(directory);
  return parent === directory ? undefined : findUp(name, parent);
}

function encode({ script, index, codeCache }: CompiledImage, paths: readonly string[]): Buffer {
  const head: Head = {
    stamps: Object.fromEntries(paths.map((path) => [path, stampOf(path)])),
    indexBytes: index.byteLength,
    scriptBytes: script.byteLength,
    codeCacheBytes: codeCache.byteLength,
  };
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([
    length,
    text,
    ...[index, script, codeCache].map((part) => Buffer.from(part)),
  ]);
}

/** Undefined for an image of files that have changed, or of which a part is missing. */
function decode(stored: Buffer): CompiledImage | undefined {
  const indexAt = 4 + stored.readUInt32LE(0);
  const head = JSON.parse(stored.toString('utf8', 4, indexAt)) as Head;
  const scriptAt = indexAt + head.indexBytes;
  const codeCacheAt = scriptAt + head.scriptBytes;
  const isWhole = stored.length === codeCacheAt + head.codeCacheBytes;
  const isCurrent = Object.entries(head.stamps).every(([path, stamp]) => stampOf(path) === stamp);
  if (!isWhole || !isCurrent) {
    return undefined;
  }
  return {
    index: shared(stored.subarray(indexAt, scriptAt)),
    script: shared(stored.subarray(scriptAt, codeCacheAt)),
    codeCache: shared(stored.subarray(codeCacheAt)),
  };
}

/** The files of the image, what decides which these are (packages, and the places of nested ones), and its makers. */
function pathsRead(image: ModuleImage, makers: string): string[] {
  const files = indexOf(image).modules.map(({ file }) => file);
  const roots = new Set(files.flatMap((file) => packageRootOf(file) ?? []));
  const packages = [...roots].flatMap((root) => [
    root,
    join(root, 'package.json'),
    join(root, 'node_modules'),
  ]);
  return [...files, ...packages, ...readdirSync(makers).map((name) => join(makers, name))];
}

const ABSENT = 'absent';

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? ABSENT : `${stats.mtimeMs} ${stats.size}`;
}
