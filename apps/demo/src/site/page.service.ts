import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Injectable } from '@nestjs/common';
import { MarkdownService } from './markdown.service.js';
import { pageTemplate } from './page-template.js';

/** The source of a page and its destination. */
export interface PageSource {
  /** The Markdown file, as an absolute path. */
  readonly from: string;
  /** The HTML file, as an absolute path. */
  readonly to: string;
  /** The title of a page without a heading. */
  readonly name: string;
}

/** A page that was written. */
export interface BuiltPage {
  readonly title: string;
  /** Its size, in characters. */
  readonly length: number;
}

/** Builds one page of the site. It does not know of workers, and runs where it is called. */
@Injectable()
export class PageService {
  // Fatal, since replacement characters would hide that the file is not UTF-8.
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  readonly #markdown: MarkdownService;

  constructor(markdown: MarkdownService) {
    this.#markdown = markdown;
  }

  /** @throws the file system's error; TypeError for a file that is not UTF-8 */
  async build({ from, to, name }: PageSource): Promise<BuiltPage> {
    const { title = name, html } = this.#markdown.render(this.#utf8.decode(await readFile(from)));
    const page = pageTemplate(title, html);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, page);
    return { title, length: page.length };
  }
}
