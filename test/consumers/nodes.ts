import { existsSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../support/run.js';
import { repository } from '../support/tarball.js';

/** A Node to run the applications on. */
export interface NodeRelease {
  readonly name: string;
  /** The path of its binary, which is brought here first. */
  bring(): Promise<string>;
}

/** The Node that runs the tests; or the majors in CONSUMERS_NODES, as `npm run consumers -- --all` sets it. */
export const nodes: readonly NodeRelease[] = process.env.CONSUMERS_NODES
  ? process.env.CONSUMERS_NODES.split(',').map((major) => ({
      name: `Node ${major}`,
      bring: () => bringNode(major),
    }))
  : [{ name: `Node ${process.versions.node}`, bring: async () => process.execPath }];

/** From the npm package `node`, which holds the binary of the platform. */
async function bringNode(major: string): Promise<string> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const folder = join(repository, 'out', 'nodes', major);
  const binary = join(folder, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const install = ['install', '--prefix', folder, '--no-audit', '--no-fund', `node@${major}`];
    await runToEnd('npm', install, { cwd: folder, limitMs: 300_000 });
  }
  return binary;
}
