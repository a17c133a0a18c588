import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Each folder may import from those below it in this list. '.' is `src` itself. */
const ROOMS = [
  'testing',
  '.',
  'integrations/http',
  'integrations/cls',
  'handlers',
  'engine',
  'pool',
  'pool/channels',
  'worker',
  'injection',
  'protocol',
  'contract',
];

const source = fileURLToPath(new URL('../src/', import.meta.url));
const files = typescriptIn(source);

describe('the source of the library', () => {
  it('has exactly the folders that this test lists', () => {
    expect([...new Set(files.map(dirname))].sort()).toEqual([...ROOMS].sort());
  });

  it('imports in one direction: a folder uses those below it, never those above', () => {
    const climbing = files.flatMap((file) =>
      importsOf(file)
        .filter((used) => ROOMS.indexOf(dirname(used)) < ROOMS.indexOf(dirname(file)))
        .map((used) => `${file} imports ${used}`),
    );
    expect(climbing).toEqual([]);
  });

  it('has no cycle of imports between files, type-only imports included', () => {
    expect(cycles(files)).toEqual([]);
  });

  it('has one file that changes the state of a task', () => {
    const causing = files.filter((file) =>
      /\b\w*[tT]ask\.(?:accept|send|revoke|overrun|retry|requeue|settle)\(/.test(textOf(file)),
    );
    expect(causing).toEqual(['engine/task-lifecycle.ts']);
  });

  it('takes its timers from one file, because fake timers of test runners replace the global ones', () => {
    const own = 'protocol/real-timers.ts';
    const globals = files
      // What runs in a worker is out of the reach of an application's tests.
      .filter((file) => file !== own && dirname(file) !== 'worker')
      .flatMap((file) => {
        const text = textOf(file);
        const [, taken = ''] = /import \{([^}]*)\} from '[^']*real-timers\.js'/.exec(text) ?? [];
        const used = text.matchAll(
          /(?<![.\w`])(set(?:Timeout|Interval|Immediate)|clear\w+|queueMicrotask|process\.nextTick)\(/g,
        );
        return [...used]
          .map(([, name = '']) => name)
          .filter((name) => !taken.includes(name))
          .map((name) => `${file} calls ${name}()`);
      });
    expect(globals).toEqual([]);
  });

  it('loads no module with state into a worker before the worker image', () => {
    const loaded = new Set<string>();
    const load = (file: string): void => {
      if (loaded.has(file)) {
        return;
      }
      loaded.add(file);
      valuesOf(file).forEach(load);
    };
    load('worker/entry.ts');
    // These have no state: numbers of messages, and paths.
    expect([...loaded].sort()).toEqual([
      'protocol/envelope.ts',
      'worker/entry.ts',
      'worker/image-files.ts',
    ]);
    const packages = [...loaded].flatMap((file) => packagesOf(file));
    // The image itself is run by what the build takes from there.
    expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['worker-image/run']);
  });

  it('is built so that the entry of a worker is one file', () => {
    const entry = readFileSync(new URL('../dist/worker/entry.js', import.meta.url), 'utf8');
    const specifiers = [...entry.matchAll(/^import .*?["']([^"']+)["'];$/gm)].map(
      ([, name]) => name,
    );
    expect(specifiers.length).toBeGreaterThan(0);
    expect(specifiers.filter((name) => !name?.startsWith('node:'))).toEqual([]);
  });
});

function textOf(file: string): string {
  return readFileSync(join(source, file), 'utf8');
}

describe('the code of this repository', () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const ownFiles = ['libs', 'apps', 'benchmarks', 'test']
    .flatMap((folder) => typescriptIn(join(root, folder)).map((file) => `${folder}/${file}`))
    .filter((file) => !/(?:^|\/)(?:node_modules|dist|\.fixtures)\//.test(file));
  const linesOf = (file: string): string[] => readFileSync(join(root, file), 'utf8').split('\n');
  const linesThat = (isWrong: (line: string) => boolean, among: readonly string[]): string[] =>
    among.flatMap((file) =>
      linesOf(file).flatMap((line, index) =>
        isWrong(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      ),
    );

  it('writes private members as #x', () => {
    // The linter refuses `private` parameters. `#` cannot be written before a constructor. Fixtures and
    // applications of consumers are classes as users write them, and type tests are about `private`.
    const asUsersWrite = /\/fixtures\/|^test\/consumers\/sources\/|types\.spec\.ts$/;
    const isPrivate = /^ +(?:@\w+\(.*\) )?private (?!constructor\b)/;
    const houseFiles = ownFiles.filter((file) => !asUsersWrite.test(file));
    expect(linesThat((line) => isPrivate.test(line), houseFiles)).toEqual([]);
  });

  it('documents a parameter as `@param name - text`', () => {
    const isOther = /^ *(?:\/\*\*|\*) .*@param\b/;
    const isOurs = /^ *(?:\/\*\*|\*) @param \w+ - \S/;
    expect(linesThat((line) => isOther.test(line) && !isOurs.test(line), ownFiles)).toEqual([]);
  });

  it('has each tag of TSDoc at the start of a line, where TypeScript finds it', () => {
    const isInside = /^ *(?:\/\*\*|\*) [^@].*\s@(?:param|returns|throws|example|see|typeParam)\b/;
    expect(linesThat((line) => isInside.test(line), ownFiles)).toEqual([]);
  });
});

function typescriptIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replaceAll('\\', '/'));
}

/** The files of this library that the file imports, relative to `src`. */
function importsOf(file: string): string[] {
  const text = textOf(file);
  const specifiers = [...text.matchAll(/(?:from|import)[ (]'(\.[^']+)'/g)];
  return specifiers.map(([, specifier = '']) => normalize(join(dirname(file), specifier)));
}

/** The groups of files that import each other, by Tarjan's strongly connected components. */
function cycles(all: readonly string[]): string[][] {
  const order = new Map<string, { index: number; low: number; isOpen: boolean }>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): { index: number; low: number; isOpen: boolean } => {
    const node = { index: order.size, low: order.size, isOpen: true };
    order.set(file, node);
    open.push(file);
    for (const used of importsOf(file).map((name) => name.replace(/\.js$/, '.ts'))) {
      const known = order.get(used);
      if (known === undefined) {
        node.low = Math.min(node.low, visit(used).low);
      } else if (known.isOpen) {
        node.low = Math.min(node.low, known.index);
      }
    }
    if (node.low === node.index) {
      const component = open.splice(open.indexOf(file));
      for (const member of component) {
        const state = order.get(member);
        if (state) {
          state.isOpen = false;
        }
      }
      if (component.length > 1) {
        found.push(component);
      }
    }
    return node;
  };
  for (const file of all) {
    if (!order.has(file)) {
      visit(file);
    }
  }
  return found;
}

/** The files of this library that are loaded with the file: those of which it imports more than types. */
function valuesOf(file: string): string[] {
  return specifiersOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts'));
}

function packagesOf(file: string): string[] {
  return specifiersOf(file).filter((specifier) => !specifier.startsWith('.'));
}

function specifiersOf(file: string): string[] {
  const text = textOf(file);
  return [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm)].map(
    ([, specifier = '']) => specifier,
  );
}
