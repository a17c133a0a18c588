import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import { MarkdownService, type RenderedMarkdown } from './markdown.service.js';
import { PageService, type BuiltPage, type PageSource } from './page.service.js';

/** The handlers of the site: called on the application's instance, they run in a worker. */
@Injectable()
export class SiteTasks {
  readonly #pages: PageService;
  readonly #markdown: MarkdownService;

  constructor(pages: PageService, markdown: MarkdownService) {
    this.#pages = pages;
    this.#markdown = markdown;
  }

  /** @see PageService.build */
  @CpuTask({ timeout: 30_000 })
  async buildPage(source: PageSource): Promise<BuiltPage> {
    return this.#pages.build(source);
  }

  /** @see MarkdownService.render */
  @CpuTask({ timeout: 30_000 })
  async render(markdown: string): Promise<RenderedMarkdown> {
    return this.#markdown.render(markdown);
  }
}
