import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import { MarkdownService, type RenderedMarkdown } from './markdown.service.js';
import { PageService, type BuiltPage, type PageSource } from './page.service.js';

/** The handlers of the site. A call on the application's instance runs in a worker. */
@Injectable()
export class SiteTasks {
  readonly #pages: PageService;
  readonly #markdown: MarkdownService;

  constructor(pages: PageService, markdown: MarkdownService) {
    this.#pages = pages;
    this.#markdown = markdown;
  }

  /** See {@link PageService.build}. */
  @CpuTask({ timeout: 30_000 })
  async buildPage(source: PageSource): Promise<BuiltPage> {
    return this.#pages.build(source);
  }

  /** See {@link MarkdownService.render}. */
  @CpuTask({ timeout: 30_000 })
  async render(markdown: string): Promise<RenderedMarkdown> {
    return this.#markdown.render(markdown);
  }
}
