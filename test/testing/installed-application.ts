import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runToEnd } from '../support/run.js';
import { packedTarball } from '../support/tarball.js';

/**
 * An application outside of this repository, into which npm has installed the packed package and what
 * else its manifest names: other versions of Nest, and test runners, than there are here.
 */
export class InstalledApplication {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'asyncermp-installed-')));

  static async create(
    manifest: { readonly dependencies: Readonly<Record<string, string>> },
    files: Readonly<Record<string, string>>,
  ): Promise<InstalledApplication> {
    const application = new InstalledApplication();
    const dependencies = { ...manifest.dependencies, 'nestjs-asyncermp': packedTarball() };
    application.write({
      ...files,
      'package.json': JSON.stringify({ private: true, ...manifest, dependencies }),
    });
    try {
      await application.#run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund');
    } catch (error) {
      application.remove();
      throw error;
    }
    return application;
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  /** Runs node in its folder, and returns what it printed. */
  node(...args: string[]): Promise<string> {
    return this.#run(process.execPath, ...args);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(command: string, ...args: string[]): Promise<string> {
    return runToEnd(command, args, { cwd: this.folder, limitMs: 180_000 });
  }
}
