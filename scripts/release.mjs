/*
 * npm run release -- <version> [--skip-checks]
 *
 * Makes a release of the committed state: it checks and tests, sets the version, dates the changelog,
 * commits, tags and packs. It publishes nothing, and prints the command that does.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const MANIFEST = 'libs/asyncermp/package.json';
const LOCK = 'package-lock.json';
const CHANGELOG = 'CHANGELOG.md';
const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?$/;

try {
  release();
} catch (error) {
  console.error(`No release: ${error.message}`);
  process.exitCode = 1;
}

function release() {
  const { version, skipChecks } = readArguments();
  const manifest = readJson(MANIFEST);
  refuseOlder(version, manifest.version);
  refuseUnclean();
  refuseTag(`v${version}`);
  const changelog = dated(readFileSync(inRoot(CHANGELOG), 'utf8'), version);

  if (!skipChecks) {
    run('npm', 'run', 'check');
    run('npm', 'test');
    refuseUnclean();
  }

  writeJson(MANIFEST, { ...manifest, version });
  const lock = readJson(LOCK);
  lock.packages['libs/asyncermp'].version = version;
  writeJson(LOCK, lock);
  writeFileSync(inRoot(CHANGELOG), changelog);

  run('git', 'add', MANIFEST, LOCK, CHANGELOG);
  run('git', 'commit', '--quiet', '--message', `Release ${version}`);
  run('git', 'tag', '--annotate', `v${version}`, '--message', `nestjs-asyncermp ${version}`);
  run('npm', 'run', 'pack:lib');
  printNextSteps(manifest, version);
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'skip-checks': { type: 'boolean', default: false } },
  });
  const [version, ...others] = positionals;
  if (version === undefined || others.length > 0 || !VERSION.test(version)) {
    throw new Error('it takes one version, such as 1.2.3 or 1.2.3-rc.1');
  }
  return { version, skipChecks: values['skip-checks'] };
}

/** The current version is allowed: without a tag it has not been released. */
function refuseOlder(version, current) {
  const [wanted, present] = [version, current].map((text) =>
    VERSION.exec(text).slice(1, 4).map(Number),
  );
  const difference =
    wanted.map((part, place) => part - present[place]).find((step) => step !== 0) ?? 0;
  if (difference < 0) {
    throw new Error(`${version} is older than ${current}, which is in ${MANIFEST}`);
  }
}

function refuseUnclean() {
  const changes = output('git', 'status', '--porcelain');
  if (changes !== '') {
    throw new Error(`there are changes that are not committed:\n${changes}`);
  }
}

function refuseTag(tag) {
  if (output('git', 'tag', '--list', tag) !== '') {
    throw new Error(`there is a tag ${tag} already`);
  }
}

/** Moves the notes under Unreleased to the version, with today's date. */
function dated(changelog, version) {
  const [heading] = changelog.match(/^## \[Unreleased\]\n/m) ?? [];
  const notes = changelog.split(heading)[1]?.split(/^## /m)[0]?.trim();
  if (!heading || !notes) {
    throw new Error(`${CHANGELOG} has nothing under [Unreleased]`);
  }
  const today = new Date().toISOString().slice(0, 10);
  return changelog.replace(heading, () => `${heading}\n## [${version}] - ${today}\n`);
}

function printNextSteps({ repository, publishConfig }, version) {
  const tarball = `out/package/nestjs-asyncermp-${version}.tgz`;
  const tag = version.includes('-') ? ' --tag next' : '';
  console.log(`\nReleased ${version} here: a commit, the tag v${version}, and ${tarball}.`);
  if (publishConfig?.provenance && repository === undefined) {
    console.log(
      `To be published with provenance, ${MANIFEST} must name its repository, and has none yet.`,
    );
  }
  console.log(`To publish it, look at it first, and then:

  git push --follow-tags
  npm publish ${tarball}${tag}`);
}

function inRoot(path) {
  return new URL(`../${path}`, import.meta.url);
}

function readJson(path) {
  return JSON.parse(readFileSync(inRoot(path), 'utf8'));
}

/** Writes JSON in the format of npm. */
function writeJson(path, value) {
  writeFileSync(inRoot(path), `${JSON.stringify(value, null, 2)}\n`);
}

function run(command, ...args) {
  execute('inherit', command, args);
}

function output(command, ...args) {
  return execute('pipe', command, args).stdout.trim();
}

function execute(stdout, command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', stdout, 'inherit'],
  });
  if (result.error) {
    throw result.error;
  }
  if (result.status !== 0) {
    throw new Error(`${[command, ...args].join(' ')} failed`);
  }
  return result;
}
