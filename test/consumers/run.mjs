/*
 * The applications on more Nodes than the one that `npm test` runs them on:
 *   npm run consumers                                   on this one
 *   npm run consumers -- --all                          on Node 20, 22, 24 and 26
 *   npm run consumers -- --nodes 22,24 --only Fastify
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    nodes: { type: 'string', default: process.versions.node.split('.')[0] },
    only: { type: 'string', default: '' },
  },
});
const majors = values.all ? ['20', '22', '24', '26'] : values.nodes.split(',');
const nodes = majors.map((major) => ({ name: `Node ${major}`, binary: bring(major) }));
const env = { ...process.env, CONSUMERS_NODES: JSON.stringify(nodes) };
run('npx', ['vitest', 'run', 'test/consumers', '--testNamePattern', values.only], { env });

/** The binary of a Node: this one, or one from the npm package `node`. */
function bring(major) {
  if (process.versions.node.startsWith(`${major}.`)) {
    return process.execPath;
  }
  const folder = fileURLToPath(new URL(`../../out/nodes/${major}`, import.meta.url));
  const binary = `${folder}/node_modules/node/bin/node`;
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `node@${major}`], {});
  }
  return binary;
}

function run(command, args, options) {
  const { status } = spawnSync(command, args, { ...options, stdio: 'inherit' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}
