import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCliOptions } from './built.js';
import { runCli } from './program.js';

describe('the sums on the terminal', () => {
  it('run in the pool and on the main thread, and print loop delay, both times and the speed-up', async () => {
    const { stdout, stderr, code } = await runCli(
      ...'--job sums --tasks 3 --n 300000 --processes 2'.split(' '),
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('=== 3 sums of the squares below 300,000 ===');
    expect(stdout).toMatch(/^LOOP:\d+, PROCESS_LOAD%:\d+\.\d, LOOP_DELAY:\d+\.\d ms$/m);
    expect(stdout).toMatch(/\+ SumsTasks\.sumOfSquares: sum \d of 3 \(ran [\d.,]+ ms, waited /);
    expect(stdout).toMatch(/^pool +\d+\.\d\d s +\d+\.\d\d s +[\d.,]+ ms +[\d.,]+ ms$/m);
    expect(stdout).toMatch(/^main thread +\d+\.\d\d s +\d+\.\d\d s +[\d.,]+ ms +[\d.,]+ ms$/m);
    expect(stdout).toMatch(/^Speed-up: \d+\.\d\d$/m);
  });

  it('are exact in a worker and on the main thread', async () => {
    const n = 300_000n;
    const exact = ((n - 1n) * n * (2n * n - 1n)) / 6n;
    const { stdout } = await runCli('--job', 'sums', '--tasks', '2', '--n', String(n));
    const line = `= 2 times ${exact.toLocaleString('en')}`;
    expect(stdout.split(line)).toHaveLength(3);
  });

  it('show no progress bar without a terminal', async () => {
    const { stdout } = await runCli('--job', 'sums', '--tasks', '1', '--n', '1000');
    expect(stdout).not.toContain('\u001B');
    expect(stdout).not.toContain('[=');
  });
});

describe('the command line', () => {
  it.each([
    [['--processes', '0'], '--processes takes a whole number from 1 to 64, and got "0"'],
    [['--processes', '1.5'], '--processes takes a whole number from 1 to 64, and got "1.5"'],
    [['--processes', '65'], '--processes takes a whole number from 1 to 64, and got "65"'],
    [['--tasks', 'many'], '--tasks takes a whole number from 1 to 10,000, and got "many"'],
    [['--n', ''], '--n takes a whole number from 0 to 1,000,000,000, and got ""'],
    [['--n=-1'], '--n takes a whole number from 0 to 1,000,000,000, and got "-1"'],
    [['--limit', '0'], '--limit takes a whole number from 1 to 100,000, and got "0"'],
    [['--job', 'lunch'], '--job takes sums, site or all, and got "lunch"'],
    [['--out', ''], '--out takes a folder, and got nothing'],
    [['--verbose'], "Unknown option '--verbose'"],
    [['now'], "Unexpected argument 'now'"],
  ])('refuses %j with an error that names it', (args, message) => {
    expect(() => readCliOptions(args)).toThrow(message);
  });

  it.each([
    [['--n', 'ten'], '--n takes a whole number from 0 to 1,000,000,000, and got "ten"'],
    [['--docs', '/no/such/folder'], '--docs: /no/such/folder cannot be read'],
  ])('exits with 2 for %j before any work starts', async (args, message) => {
    const { stdout, stderr, code } = await runCli(...args);
    expect(stderr).toContain(message);
    expect(stderr).toContain('Try --help.');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('accepts numbers with separators, and folders relative to the current one', () => {
    const options = readCliOptions(['--n', '10_000', '--limit', '1,000', '--out', 'pages']);
    expect(options).toMatchObject({ n: 10_000, limit: 1_000, jobs: ['sums', 'site'] });
    expect(options?.out).toBe(join(process.cwd(), 'pages'));
  });

  it('prints its options for --help', async () => {
    const { stdout, code } = await runCli('--help');
    expect(code).toBe(0);
    for (const option of ['--job', '--processes', '--tasks', '--n', '--docs', '--limit', '--out']) {
      expect(stdout).toContain(option);
    }
  });
});
