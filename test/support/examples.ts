import { compilerOptions } from './compiler-options.js';
import { Consumer } from './consumer.js';
import type { Document } from './document.js';

/**
 * The code of some pages, compiled in one application: each page has a folder of its own in it, so that
 * several may have a `src/main.ts`.
 */
export class Examples {
  readonly #app: Consumer;

  private constructor(app: Consumer) {
    this.#app = app;
  }

  /** @throws what the compiler says against the code */
  static async compile(
    pages: readonly Document[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<Examples> {
    const app = await Consumer.create({
      manifest: { name: 'examples', private: true, type: 'module' },
      files: {
        ...Object.fromEntries(pages.flatMap(sourcesOf)),
        ...more,
        'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
      },
    });
    try {
      await app.tsc();
    } catch (error) {
      app.remove();
      throw error;
    }
    return new Examples(app);
  }

  /** Runs a program of a page (`dist/main.js`), and returns what it prints. */
  run(page: Document, program: string): Promise<string> {
    return this.#app.node(program.replace('dist/', `dist/${page.name}/`));
  }

  remove(): void {
    this.#app.remove();
  }
}

function sourcesOf(page: Document): [string, string][] {
  return [...page.files].map(([file, code]) => [file.replace('src/', `src/${page.name}/`), code]);
}
