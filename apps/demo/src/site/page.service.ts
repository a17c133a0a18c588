import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Injectable } from '@nestjs/common';
import { MarkdownService } from './markdown.service.js';
import { pageTemplate } from './page-template.js';

/** What a page is made of, and where it goes. */
export interface PageSource {
  /** The Markdown file, as an absolute path. */
  readonly from: string;
  /** The HTML file, as an absolute path. */
  readonly to: string;
  /** What the page is called if it has no heading. */
  readonly name: string;
}

/** A page that was written. */
export interface BuiltPage {
  readonly title: string;
  /** Its size, in characters. */
  readonly length: number;
}

/** Builds one page of the site, wherever it is called: nothing here knows of workers. */
@Injectable()
export class PageService {
  // Fatal, since replacement characters would hide that the file is not what it says it is.
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  readonly #markdown: MarkdownService;

  constructor(markdown: MarkdownService) {
    this.#markdown = markdown;
  }

  /** @throws what the file system says; TypeError for a file that is not UTF-8 */
  async build({ from, to, name }: PageSource): Promise<BuiltPage> {
    const { title = name, html } = this.#markdown.render(this.#utf8.decode(await readFile(from)));
    const page = pageTemplate(title, html);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, page);
    return { title, length: page.length };
  }
}
