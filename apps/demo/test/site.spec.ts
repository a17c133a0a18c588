import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type Ended } from './program.js';

describe('a site with files that fail', () => {
  let folder: string;
  let out: string;
  let ended: Ended;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'asyncermp-demo-'));
    out = join(folder, 'out');
    const docs = join(folder, 'docs');
    await mkdir(join(docs, 'guide.md'), { recursive: true });
    await writeFile(
      join(docs, 'guide.md', 'start.md'),
      '# Start <script>alert(1)</script>\n\n<img src=x onerror=alert(2)>\n\n' +
        '[next](../index.md?a=1#there) [out](https://example.org/a.md) [bad](javascript:alert(3))\n\n' +
        '```ts\nconst answer: number = 42;\n```\n\n```klingon\nnuqneH <b>\n```\n',
    );
    await writeFile(join(docs, 'index.md'), 'No heading, and the name of the index.');
    await writeFile(join(docs, 'javascript:alert(4).md'), '# A name');
    await writeFile(join(docs, 'notes.txt'), '# Not Markdown');
    await writeFile(join(docs, 'latin1.md'), Buffer.from([0x23, 0x20, 0xe9, 0x74, 0xe9]));
    await symlink(join(docs, 'nowhere'), join(docs, 'gone.md'));
    ended = await runCli('--job', 'site', '--processes', '2', '--docs', docs, '--out', out);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const page = (file: string) => readFile(join(out, file), 'utf8');

  it('reports the failed files, writes the others, and exits by itself', () => {
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout).toContain('=== A site of 5 pages from the Markdown in ');
    expect(ended.stdout.match(/= 3 pages \(\d+ KB\), 2 failed: /g)).toHaveLength(2);
    expect(ended.stdout).toMatch(/^ {2}= failed: gone\.md: ENOENT/m);
    expect(ended.stdout).toMatch(/^ {2}= failed: latin1\.md: The encoded data was not valid/m);
    expect(ended.stdout).toMatch(/Task gone\.md of SiteTasks\.buildPage failed: .*ENOENT/);
    expect(ended.stdout).toMatch(/^Speed-up: \d+\.\d\d$/m);
  });

  it('has an index of the built pages by their headings or file names', async () => {
    const index = await page('index.html');
    expect(index.match(/<li>/g)).toHaveLength(3);
    expect(index).toContain('<a href="./guide.md/start.md.html">Start &lt;script&gt;');
    expect(index).toContain('<a href="./index.md.html">index.md</a>');
    expect(index).toContain('<a href="./javascript%3Aalert(4).md.html">A name</a>');
    expect(index).not.toContain('gone.md');
  });

  it('has highlighted code with a dark theme', async () => {
    const html = await page('guide.md/start.md.html');
    expect(html).toMatch(/<pre class="shiki[^>]*--shiki-dark-bg/);
    expect(html).toMatch(/<span style="color:#[^"]+">const<\/span>/);
    expect(html).toContain('nuqneH &#x3C;b>');
  });

  it('has links between its pages', async () => {
    const html = await page('guide.md/start.md.html');
    expect(html).toContain('href="../index.md.html?a=1#there"');
    expect(html).toContain('href="https://example.org/a.md"');
  });

  it('does not run scripts from its Markdown', async () => {
    const html = await page('guide.md/start.md.html');
    expect(html).not.toMatch(/<script|<img|href="javascript:/);
    expect(html).toContain('<title>Start &lt;script&gt;alert(1)&lt;/script&gt;</title>');
  });
});
