import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AsyncerMpService } from 'nestjs-asyncermp';
import { documentsBelow, installedPackages, readmesAndChangelogs } from '../site/documents.js';
import { pageFileOf } from '../site/page-file.js';
import { PageService, type BuiltPage } from '../site/page.service.js';
import { indexTemplate } from '../site/page-template.js';
import { SiteTasks } from '../site/site.tasks.js';
import { UsageError, type CliOptions } from './cli-options.js';
import { countText, reasonText, wholeText } from './format.js';
import type { Job, JobFactory } from './job.js';

/** The number of failures that are listed by name. */
const MOST_FAILURES = 10;

/** The job on real input: a site of pages from Markdown files. */
@Injectable()
export class SiteJobFactory implements JobFactory {
  readonly #mp: AsyncerMpService;
  readonly #pages: PageService;

  constructor(mp: AsyncerMpService, pages: PageService) {
    this.#mp = mp;
    this.#pages = pages;
  }

  /** @throws UsageError for a folder that cannot be read, or has no Markdown */
  async create(options: CliOptions): Promise<Job<BuiltPage>> {
    const { folder, documents } = await findDocuments(options);
    const sizes = await Promise.all(documents.map((file) => sizeOf(join(folder, file))));
    return {
      title: `A site of ${countText(documents.length, 'page')} from the Markdown in ${folder}`,
      parts: documents.map((name, index) => {
        const from = join(folder, name);
        const source = { from, to: join(options.out, pageFileOf(name)), name };
        return {
          // The longest first: as the last one it would run alone at the end.
          inPool: () =>
            this.#mp.run(SiteTasks, 'buildPage', [source], {
              uid: name,
              priority: sizes[index] ?? 0,
            }),
          inPlace: () => this.#pages.build(source),
        };
      }),
      finish: (outcomes) => writeIndex(options.out, documents, outcomes),
    };
  }
}

async function findDocuments({
  docs,
  limit,
}: CliOptions): Promise<{ folder: string; documents: readonly string[] }> {
  const folder = docs ?? installedPackages(process.cwd());
  if (folder === undefined) {
    throw new UsageError(
      `There is no node_modules in ${process.cwd()} or above it: run npm ci, or name a folder with --docs`,
    );
  }
  const all = await documentsBelow(folder).catch((error: unknown) => {
    throw new UsageError(`--docs: ${folder} cannot be read: ${reasonText(error)}`);
  });
  const wanted = docs === undefined ? readmesAndChangelogs(all) : all;
  if (wanted.length === 0) {
    throw new UsageError(`--docs: there are no Markdown files (*.md) below ${folder}`);
  }
  return { folder, documents: wanted.slice(0, limit) };
}

/** In bytes; 0 for a missing file, which its task reports. */
async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function writeIndex(
  out: string,
  documents: readonly string[],
  outcomes: readonly PromiseSettledResult<BuiltPage>[],
): Promise<readonly string[]> {
  const entries: { file: string; title: string }[] = [];
  const failures: string[] = [];
  let length = 0;
  for (const [index, outcome] of outcomes.entries()) {
    const name = documents[index] ?? '';
    if (outcome.status === 'fulfilled') {
      entries.push({ file: pageFileOf(name), title: outcome.value.title });
      length += outcome.value.length;
    } else {
      failures.push(`failed: ${name}: ${reasonText(outcome.reason)}`);
    }
  }
  const index = join(out, 'index.html');
  await mkdir(out, { recursive: true });
  await writeFile(index, indexTemplate(entries));
  const more = failures.length - MOST_FAILURES;
  return [
    `${countText(entries.length, 'page')} (${wholeText(length / 1_024)} KB), ${failures.length} failed: ${index}`,
    ...failures.slice(0, MOST_FAILURES),
    ...(more > 0 ? [`and ${wholeText(more)} more failed`] : []),
  ];
}
