import { Injectable } from '@nestjs/common';
import MarkdownIt, { type MarkdownIt as Renderer } from 'markdown-it';
import { HighlighterService } from './highlighter.service.js';
import { pageFileOf } from './page-file.js';

/** A rendered document. */
export interface RenderedMarkdown {
  /** The text of its first heading; undefined without one. */
  readonly title: string | undefined;
  readonly html: string;
}

/** Turns Markdown into HTML with coloured code. */
@Injectable()
export class MarkdownService {
  readonly #renderer: Renderer;

  constructor(highlighter: HighlighterService) {
    this.#renderer = new MarkdownIt({
      // Raw HTML of a document becomes text, so that documents of others cannot run scripts.
      html: false,
      linkify: true,
      highlight: (code, language) => highlighter.highlight(code.trimEnd(), language),
    });
    const normalizeLink = this.#renderer.normalizeLink.bind(this.#renderer);
    this.#renderer.normalizeLink = (url) => normalizeLink(linkToPage(url));
  }

  render(markdown: string): RenderedMarkdown {
    const environment = {};
    const tokens = this.#renderer.parse(markdown, environment);
    const heading = tokens.findIndex(({ type }) => type === 'heading_open');
    const title = tokens[heading + 1]?.children?.map(({ content }) => content).join('');
    return {
      title: heading < 0 ? undefined : title?.trim() || undefined,
      html: this.#renderer.render(markdown, environment),
    };
  }
}

const RELATIVE_MARKDOWN = /^(?![a-z][a-z\d+.-]*:|[/#])([^?#]+\.md)(?=$|[?#])/i;

/** Turns a link to a Markdown file into one to the page of that file. */
function linkToPage(url: string): string {
  return url.replace(RELATIVE_MARKDOWN, pageFileOf);
}
