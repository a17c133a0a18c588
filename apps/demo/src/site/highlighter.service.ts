import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { createHighlighter, type BundledLanguage, type Highlighter } from 'shiki';

const THEMES = { light: 'github-light', dark: 'github-dark' } as const;

/** What the documentation of npm packages is written in. Code in any other language stays plain. */
const LANGUAGES: readonly BundledLanguage[] = [
  'bash',
  'c',
  'cpp',
  'css',
  'diff',
  'docker',
  'go',
  'graphql',
  'html',
  'ini',
  'java',
  'javascript',
  'json',
  'json5',
  'jsonc',
  'jsx',
  'markdown',
  'python',
  'rust',
  'sql',
  'toml',
  'tsx',
  'typescript',
  'vue',
  'xml',
  'yaml',
];

/**
 * Colours code. Themes and grammars take a second to load, which is why this is a provider: once for
 * the lifetime of a worker, in its lifecycle hook, and not once per task.
 */
@Injectable()
export class HighlighterService implements OnModuleInit, OnModuleDestroy {
  #highlighter: Highlighter | undefined;

  async onModuleInit(): Promise<void> {
    this.#highlighter = await createHighlighter({
      themes: Object.values(THEMES),
      langs: [...LANGUAGES],
    });
  }

  onModuleDestroy(): void {
    this.#highlighter?.dispose();
  }

  /** The code as HTML; in a language that is not known here, as plain text. */
  highlight(code: string, language: string): string {
    if (!this.#highlighter) {
      throw new Error('The highlighter is loaded in onModuleInit, which has not run yet');
    }
    const name = language.toLowerCase();
    // Names and aliases, `typescript` as well as `ts`.
    const isKnown = this.#highlighter.getLoadedLanguages().includes(name);
    return this.#highlighter.codeToHtml(code, { lang: isKnown ? name : 'text', themes: THEMES });
  }
}
