import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { repository } from './tarball.js';

/** A fenced block of a Markdown file. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Where it begins, for whoever has to mend it. */
  readonly line: number;
}

/** A program that a page tells to run, and what it says that this prints. */
export interface Run {
  /** `dist/main.js`. */
  readonly program: string;
  readonly output: string;
}

/** A Markdown file of this repository, as its tests see it. How pages are written stands in CONTRIBUTING.md. */
export class Document {
  readonly text: string;
  readonly blocks: readonly Block[];

  /** @param path - From the root of the repository: `docs/events.md` */
  constructor(readonly path: string) {
    this.text = readFileSync(join(repository, path), 'utf8');
    this.blocks = blocksOf(this.text);
  }

  /** `events` */
  get name(): string {
    return basename(this.path, '.md').toLowerCase();
  }

  /** Blocks of TypeScript that do not say which file they are, or are one that is there already. */
  get misplacedCode(): string[] {
    const known = new Set<string>();
    return this.#code.flatMap(({ block, header }) => {
      const isInPlace = header && known.has(header.file) === header.isContinued;
      if (header) {
        known.add(header.file);
      }
      return isInPlace ? [] : [`${this.path}:${block.line}`];
    });
  }

  /** The sources that the page shows, by path: with those of the page that it says it builds on. */
  get files(): ReadonlyMap<string, string> {
    const files = new Map(this.#base?.files);
    const own = new Set<string>();
    for (const { block, header } of this.#code) {
      if (!header) {
        continue;
      }
      const before = own.has(header.file) ? `${files.get(header.file)}\n` : '';
      files.set(header.file, before + block.text);
      own.add(header.file);
    }
    return files;
  }

  /** The sources that only this page shows. */
  get ownFiles(): string[] {
    return [...new Set(this.#code.flatMap(({ header }) => header?.file ?? []))];
  }

  /** The programs that shell blocks start, each with the block of output that follows. */
  get runs(): Run[] {
    return this.blocks.flatMap(({ language, text }, index) => {
      const program = language === 'sh' ? programOf(text) : undefined;
      const next = this.blocks[index + 1];
      return program !== undefined && next?.language === 'text'
        ? [{ program, output: next.text }]
        : [];
    });
  }

  /** Programs without output, and output that no program prints. */
  get unpairedBlocks(): string[] {
    const stray = this.blocks.filter(({ language, text }, index) => {
      const before = this.blocks[index - 1];
      const after = this.blocks[index + 1];
      if (language === 'sh') {
        return programOf(text) !== undefined && after?.language !== 'text';
      }
      return language === 'text' && (before?.language !== 'sh' || !programOf(before.text));
    });
    return stray.map(({ line }) => `${this.path}:${line}`);
  }

  /** The commands of the shell blocks, one by one, without their comments. */
  get commands(): string[] {
    return this.blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.split('\n'))
      .flatMap((line) => line.replace(/#.*/, '').split('&&'))
      .map((command) => command.trim())
      .filter((command) => command !== '');
  }

  /** The row of a table that begins with the name, or with a call of it. */
  rowOf(name: string): string | undefined {
    const begins = [`| \`${name}\` `, `| \`${name}(`];
    return this.text.split('\n').find((line) => begins.some((begin) => line.startsWith(begin)));
  }

  /** Where its links lead: relative paths and anchors of this repository, no addresses. */
  get links(): string[] {
    const targets = [...this.#prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to ?? '');
    return targets.filter((target) => !/^[a-z]+:/.test(target));
  }

  /** What a link may say behind `#`, as GitHub derives it from the headings. */
  get anchors(): ReadonlySet<string> {
    const headings = [...this.#prose.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading ?? '');
    return new Set(
      headings.map((heading) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .replaceAll(/\s/g, '-'),
      ),
    );
  }

  /** The text without its blocks of code, in which `#` begins no heading. */
  get #prose(): string {
    return this.text.replaceAll(FENCE, '');
  }

  get #code(): { readonly block: Block; readonly header: Header | undefined }[] {
    return this.blocks
      .filter(({ language }) => language === 'ts')
      .map((block) => ({ block, header: headerOf(block.text) }));
  }

  get #base(): Document | undefined {
    const name = /^<!-- builds on (\S+\.md) -->$/m.exec(this.text)?.[1];
    return name === undefined ? undefined : new Document(join(dirname(this.path), name));
  }
}

interface Header {
  readonly file: string;
  readonly isContinued: boolean;
}

const FENCE = /^```(\S*)\n(.*?)^```$/gms;

function blocksOf(text: string): Block[] {
  return [...text.matchAll(FENCE)].map(({ 1: language = '', 2: code = '', index }) => ({
    language,
    text: code,
    line: text.slice(0, index).split('\n').length,
  }));
}

/** `// src/app.module.ts`, or `// src/app.module.ts, continued`. */
function headerOf(code: string): Header | undefined {
  const match = /^\/\/ (src\/\S+\.ts)(, continued)?\n/.exec(code);
  return match?.[1] === undefined
    ? undefined
    : { file: match[1], isContinued: match[2] !== undefined };
}

/** What a shell block runs at its end. */
function programOf(shell: string): string | undefined {
  return /\bnode (?:--\S+ )*(dist\/\S+\.js)\s*$/.exec(shell)?.[1];
}
