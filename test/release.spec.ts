import {
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runToEnd } from './support/run.js';
import { repository } from './support/tarball.js';

/** The release script without the checks, of which this test is one. */
const RELEASE = ['scripts/release.mjs', '--skip-checks'];

describe('npm run release', () => {
  const clone = realpathSync(mkdtempSync(join(tmpdir(), 'asyncermp-release-')));

  beforeAll(async () => {
    await git('clone', '--quiet', '--no-tags', repository, '.');
    await git('config', 'user.name', 'Somebody');
    await git('config', 'user.email', 'somebody@example.com');
    symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'), 'junction');
    // .gitignore names a folder, and this is a link.
    writeFileSync(join(clone, '.git/info/exclude'), 'node_modules\n');
  });

  afterAll(() => rmSync(clone, { recursive: true, force: true }));

  it('refuses an invalid or older version, and uncommitted changes', async () => {
    const before = await head();
    await expect(release()).rejects.toThrow('it takes one version');
    await expect(release('1.2')).rejects.toThrow('it takes one version');
    await expect(release('0.0.1')).rejects.toThrow('0.0.1 is older than');
    writeFileSync(join(clone, 'new.txt'), 'not committed');
    await expect(release('9.8.7')).rejects.toThrow('?? new.txt');
    rmSync(join(clone, 'new.txt'));
    expect(await head()).toBe(before);
  });

  it('sets the version, dates the changelog, commits, tags and packs, and publishes nothing', async () => {
    const notes = unreleased();
    const printed = await release('9.8.7');

    expect(manifest('libs/asyncermp/package.json').version).toBe('9.8.7');
    const lock = manifest('package-lock.json') as unknown as {
      packages: Record<string, { version: string }>;
    };
    expect(lock.packages['libs/asyncermp']?.version).toBe('9.8.7');
    const today = new Date().toISOString().slice(0, 10);
    expect(text('CHANGELOG.md')).toContain(
      `## [Unreleased]\n\n## [9.8.7] - ${today}\n\n${notes.slice(0, 80)}`,
    );
    expect(unreleased()).toBe('');

    expect(await git('log', '-1', '--format=%s')).toBe('Release 9.8.7\n');
    expect(await git('cat-file', '-t', 'v9.8.7')).toBe('tag\n');
    expect(await git('status', '--porcelain')).toBe('');

    const tarball = 'out/package/nestjs-asyncermp-9.8.7.tgz';
    const packed = await runToEnd('tar', ['-xzOf', tarball, 'package/package.json'], {
      cwd: clone,
      limitMs: 60_000,
    });
    expect(JSON.parse(packed)).toMatchObject({ version: '9.8.7' });
    expect(printed).toMatch(`npm publish ${tarball}\n`);
  });

  it('writes files that pass the format check', async () => {
    const prettier = join(repository, 'node_modules/prettier/bin/prettier.cjs');
    const files = ['libs/asyncermp/package.json', 'CHANGELOG.md'];
    await runToEnd(process.execPath, [prettier, '--check', ...files], {
      cwd: clone,
      limitMs: 60_000,
    });
  });

  it('refuses a version that exists, and a release without notes', async () => {
    await expect(release('9.8.7')).rejects.toThrow('there is a tag v9.8.7 already');
    await expect(release('9.8.8')).rejects.toThrow('nothing under [Unreleased]');
  });

  function release(...args: string[]): Promise<string> {
    return runToEnd(process.execPath, [...RELEASE, ...args], { cwd: clone, limitMs: 60_000 });
  }

  function git(...args: string[]): Promise<string> {
    return runToEnd('git', args, { cwd: clone, limitMs: 60_000 });
  }

  function head(): Promise<string> {
    return git('rev-parse', 'HEAD');
  }

  /** What stands under that heading. */
  function unreleased(): string {
    const [, after = ''] = text('CHANGELOG.md').split('## [Unreleased]\n');
    return (after.split(/^## /m)[0] ?? '').trim();
  }

  function manifest(path: string): { readonly version: string } {
    return JSON.parse(text(path)) as { version: string };
  }

  function text(path: string): string {
    return readFileSync(join(clone, path), 'utf8');
  }
});
