import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Document } from './support/document.js';
import { Examples } from './support/examples.js';
import { propertiesOf } from './support/exported-symbols.js';
import { repository } from './support/tarball.js';

const pages = readdirSync(join(repository, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => new Document(`docs/${name}`));
const readme = new Document('README.md');
/** Its code and commands are run by test/testing, in the test runners of users. */
const TESTING = 'docs/testing.md';
const programs = pages.filter(({ path }) => path !== TESTING);

describe.each([...pages, readme].map((page) => [page.path, page] as const))('%s', (_path, page) => {
  it('names the file of every piece of TypeScript', () => {
    expect(page.misplacedCode).toEqual([]);
  });

  it('has no code block without a test', () => {
    const known = [
      'ts',
      'sh',
      'text',
      'yaml',
      'dockerfile',
      ...(page.path === TESTING ? ['js'] : []),
    ];
    const unknown = page.blocks.filter(({ language }) => !known.includes(language));
    expect(unknown.map(({ line }) => `${page.path}:${line}`)).toEqual([]);
    expect(page.path === TESTING ? [] : page.unpairedBlocks).toEqual([]);
  });

  it.runIf(page.path !== TESTING)('shows only commands that exist', () => {
    expect(page.commands.filter((command) => !isKnownCommand(command, page))).toEqual([]);
  });
});

describe('the code', () => {
  let examples: Examples | undefined;

  beforeAll(async () => {
    examples = await Examples.compile(programs);
  });

  afterAll(() => examples?.remove());

  describe.each(
    programs.filter(({ runs }) => runs.length > 0).map((page) => [page.path, page] as const),
  )('of %s', (_path, page) => {
    it('is run completely', () => {
      const reached = reachable(page);
      expect(page.ownFiles.filter((file) => !reached.has(file))).toEqual([]);
    });

    it.each(page.runs)(
      'prints the output that the page shows ($program)',
      async ({ program, output }) => {
        expect(await examples?.run(page, program)).toMatch(asPattern(output));
      },
    );
  });
});

describe('the documentation', () => {
  it('shows no code that is never run', () => {
    const idle = programs.filter(({ ownFiles, runs }) => ownFiles.length > 0 && runs.length === 0);
    expect(idle.map(({ path }) => path)).toEqual([]);
  });

  it('lists every page in its index', () => {
    const index = new Document('docs/README.md');
    const others = pages.map(({ path }) => path).filter((path) => path !== index.path);
    expect(others.filter((path) => !index.links.includes(path.replace('docs/', '')))).toEqual([]);
  });

  it('builds images with a version of Node that the package supports', () => {
    const images = pages
      .flatMap(({ blocks }) => blocks.filter(({ language }) => language === 'dockerfile'))
      .flatMap(({ text }) => [...text.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => major));
    expect(images).not.toHaveLength(0);
    expect(images.filter((major) => !root.engines.node.includes(`${major}.`))).toEqual([]);
  });

  it.each(['CpuTaskHostOptions', 'CurrentTask', 'PoolStats', 'TaskHandle', 'CompletedQueue'])(
    'has a row for every member of %s',
    (type) => {
      const members = propertiesOf(join(repository, 'libs/asyncermp/dist/index.d.ts'), type).filter(
        (name) => !/^(__|#)/.test(name), // symbols, and private ones
      );
      expect(members).not.toHaveLength(0);
      expect(members.filter((name) => !pages.some((page) => page.rowOf(name)))).toEqual([]);
    },
  );
});

/** The files of the page that its programs consist of. */
function reachable({ files, runs }: Document): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    const code = files.get(file);
    if (code === undefined || reached.has(file)) {
      return;
    }
    reached.add(file);
    for (const [, name] of code.matchAll(/'(\.\/\S+)\.js'/g)) {
      visit(join(dirname(file), `${name}.ts`));
    }
  };
  for (const { program } of runs) {
    visit(program.replace('dist/', 'src/').replace('.js', '.ts'));
  }
  return reached;
}

/** In the output of a page, `…` stands for what is different every time. */
function asPattern(output: string): RegExp {
  const literals = output.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('.+')}$`);
}

const root = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
};

function isKnownCommand(command: string, page: Document): boolean {
  const [program, ...args] = command.split(/\s+/);
  switch (program) {
    case 'npm':
      return isKnownNpmCommand(args);
    case 'npx':
      return existsSync(join(repository, 'node_modules/.bin', args[0] ?? ''));
    case 'node':
      return page.runs.some(({ program: run }) => args.at(-1) === run);
    default:
      return false;
  }
}

function isKnownNpmCommand([verb, ...args]: readonly string[]): boolean {
  if (verb === 'run') {
    return args[0] !== undefined && args[0] in root.scripts;
  }
  if (verb === 'install') {
    return args.every((name) => existsSync(join(repository, 'node_modules', name)));
  }
  return verb === 'ci' || verb === 'test';
}
