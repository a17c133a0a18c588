import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export type JobName = 'sums' | 'site';

/** The options of the command line. */
export interface CliOptions {
  readonly jobs: readonly JobName[];
  readonly processes: number;
  readonly tasks: number;
  readonly n: number;
  /** Undefined: the READMEs and changelogs of the installed packages. */
  readonly docs: string | undefined;
  readonly limit: number;
  readonly out: string;
}

/** The command line is invalid. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `Usage: npm run demo:cli -- [options]

Runs each job twice, in a pool of workers and on the main thread, and compares.

  --job <name>        sums, site or all                                    [all]
  --processes <n>     workers, 1 to 64                                     [${availableParallelism()}, the CPUs]

sums: adds up the squares of the whole numbers below n, exactly
  --tasks <n>         how many sums, 1 to 10,000                           [8]
  --n <n>             the n of each, 0 to 1,000,000,000                    [10000000]

site: renders Markdown to HTML pages with coloured code, and an index
  --docs <folder>     every Markdown file below it        [READMEs and changelogs
                                                           of the installed packages]
  --limit <n>         the most files, 1 to 100,000                         [400]
  --out <folder>      where the pages go                                   [out/site]

  --help              this text
`;

/**
 * Reads the command line; undefined if it asks for help.
 *
 * @throws UsageError
 */
export function readCliOptions(args: readonly string[]): CliOptions | undefined {
  const { values } = parse(args);
  if (values.help) {
    return undefined;
  }
  return {
    jobs: jobsOf(values.job ?? 'all'),
    processes: wholeNumber('processes', values.processes, availableParallelism(), 1, 64),
    tasks: wholeNumber('tasks', values.tasks, 8, 1, 10_000),
    n: wholeNumber('n', values.n, 10_000_000, 0, 1_000_000_000),
    docs: values.docs === undefined ? undefined : folder('docs', values.docs),
    limit: wholeNumber('limit', values.limit, 400, 1, 100_000),
    out: folder('out', values.out ?? 'out/site'),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        job: { type: 'string' },
        processes: { type: 'string' },
        tasks: { type: 'string' },
        n: { type: 'string' },
        docs: { type: 'string' },
        limit: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function jobsOf(text: string): readonly JobName[] {
  if (text === 'all') {
    return ['sums', 'site'];
  }
  if (text === 'sums' || text === 'site') {
    return [text];
  }
  throw new UsageError(`--job takes sums, site or all, and got "${text}"`);
}

function wholeNumber(
  option: string,
  text: string | undefined,
  byDefault: number,
  least: number,
  most: number,
): number {
  if (text === undefined) {
    return byDefault;
  }
  // Digits and the separators that people type, since Number('') is 0 and Number('1e3') is 1,000.
  const value = /^\d[\d_,]*$/.test(text) ? Number(text.replaceAll(/[_,]/g, '')) : Number.NaN;
  if (value >= least && value <= most) {
    return value;
  }
  const format = (limit: number) => limit.toLocaleString('en');
  throw new UsageError(
    `--${option} takes a whole number from ${format(least)} to ${format(most)}, and got "${text}"`,
  );
}

function folder(option: string, text: string): string {
  if (text === '') {
    throw new UsageError(`--${option} takes a folder, and got nothing`);
  }
  return resolve(text);
}
