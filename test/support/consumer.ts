import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runToEnd } from './run.js';
import { packedTarball, repository } from './tarball.js';

/** What an application is made of. */
export interface ConsumerFiles {
  /** Its package.json. */
  readonly manifest: object;
  /** Texts by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * An application outside of this repository that has the packed package in its node_modules, unpacked as
 * npm unpacks it. Everything else there is linked to what is installed here, so that nothing has to come
 * over the network.
 */
export class Consumer {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'asyncermp-consumer-')));

  static async create({ manifest, files = {} }: ConsumerFiles): Promise<Consumer> {
    const consumer = new Consumer();
    try {
      await consumer.#install();
    } catch (error) {
      consumer.remove();
      throw error;
    }
    consumer.write({ 'package.json': JSON.stringify(manifest), ...files });
    return consumer;
  }

  /** A path in the application's folder. */
  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), text);
    }
  }

  /** Compiles it with the TypeScript of this repository. */
  async tsc(): Promise<void> {
    await this.node(join(repository, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json');
  }

  /** Builds it with the Nest CLI of this repository. */
  async nestBuild(...args: string[]): Promise<void> {
    await this.node(join(repository, 'node_modules/@nestjs/cli/bin/nest.js'), 'build', ...args);
  }

  /**
   * Runs node in its folder, until it exits by itself.
   * @returns what it printed
   * @throws what it printed, if it fails or takes too long
   */
  node(...args: string[]): Promise<string> {
    return runToEnd(process.execPath, args, { cwd: this.folder, limitMs: 60_000 });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #install(): Promise<void> {
    const own = join(repository, 'node_modules');
    for (const name of readdirSync(own)) {
      // The workspace's own packages are links to their sources.
      if (name === 'nestjs-asyncermp' || name === 'asyncermp-demo') {
        continue;
      }
      mkdirSync(this.path('node_modules'), { recursive: true });
      symlinkSync(join(own, name), this.path('node_modules', name), 'junction');
    }
    const target = this.path('node_modules/nestjs-asyncermp');
    mkdirSync(target);
    await runToEnd('tar', ['-xzf', packedTarball(), '--strip-components=1', '-C', target], {
      cwd: this.folder,
      limitMs: 30_000,
    });
  }
}
