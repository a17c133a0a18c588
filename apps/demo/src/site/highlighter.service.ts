import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { createHighlighter, type BundledLanguage, type Highlighter } from 'shiki';

const THEMES = { light: 'github-light', dark: 'github-dark' } as const;

/** The languages that the documentation of npm packages uses. Other code stays plain. */
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
 * Colours code. Themes and grammars take a second to load. A provider loads them once for the lifetime of
 * a worker, in its lifecycle hook, instead of once per task.
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

  /** The code as HTML, without colours if the language is unknown. */
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
