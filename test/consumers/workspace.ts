import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { runToEnd } from '../support/run.js';
import { packedTarball } from '../support/tarball.js';

/** For a program or a build, in ms: webpack takes most of a minute on a busy machine. Below the limit of vitest's hooks. */
const LIMIT_MS = 115_000;

/** Texts by path. */
export type Files = Readonly<Record<string, string>>;

/** A Nest major as its users have it: what their package.json asks for. */
export interface NestRelease {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly type: 'module' | 'commonjs';
}

/**
 * An npm workspace outside of this repository, with the applications of one Nest major. One install
 * serves them all, and the library is there as npm installs it: from the packed package.
 */
export class Workspace {
  readonly #home = realpathSync(mkdtempSync(join(tmpdir(), 'asyncermp-consumers-')));
  readonly folder = join(this.#home, 'workspace');

  static async install(release: NestRelease, files: Files): Promise<Workspace> {
    const workspace = new Workspace();
    workspace.write({ ...files, 'package.json': JSON.stringify(manifestOf(release)) });
    await runToEnd('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], {
      cwd: workspace.folder,
      limitMs: 300_000,
    });
    return workspace;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(files: Files): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), text);
    }
  }

  /** The file behind a command of an installed package. */
  binary(name: string, command: string = name): string {
    const manifest = join('node_modules', name, 'package.json');
    const { bin } = JSON.parse(this.read(manifest)) as { bin: string | Record<string, string> };
    return this.path('node_modules', name, typeof bin === 'string' ? bin : (bin[command] ?? ''));
  }

  /** Runs a command of an installed package in a folder of the workspace. */
  async run(
    folder: string,
    [name, command]: [string, string?],
    ...args: string[]
  ): Promise<string> {
    return runToEnd(process.execPath, [this.binary(name, command), ...args], {
      cwd: resolve(this.folder, folder),
      limitMs: LIMIT_MS,
    });
  }

  /** Runs a Node in a folder of the workspace until it exits by itself, and gives what it printed. */
  node(node: string, folder: string, ...args: string[]): Promise<string> {
    return runToEnd(node, args, { cwd: resolve(this.folder, folder), limitMs: LIMIT_MS });
  }

  /** The same for a program that must not write to its standard error. */
  silently(node: string, folder: string, ...args: string[]): Promise<string> {
    return runToEnd(node, args, {
      cwd: resolve(this.folder, folder),
      limitMs: LIMIT_MS,
      isSilent: true,
    });
  }

  /**
   * Copies what was built in a folder to where nothing is installed.
   * @returns the folder of the copy
   */
  copyOut(folder: string): string {
    const copy = join(this.#home, 'alone', folder);
    for (const name of ['dist', 'package.json']) {
      cpSync(this.path(folder, name), join(copy, name), { recursive: true });
    }
    return copy;
  }

  remove(): Promise<void> {
    return rm(this.#home, { recursive: true, force: true });
  }
}

function manifestOf({ type, dependencies, devDependencies }: NestRelease): object {
  return {
    name: 'consumers',
    private: true,
    type,
    workspaces: ['apps/*', 'packages/*'],
    dependencies: { ...dependencies, 'nestjs-asyncermp': `file:${packedTarball()}` },
    devDependencies,
  };
}
