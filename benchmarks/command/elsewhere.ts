import { spawnSync } from 'node:child_process';
import { UsageError, type BenchOptions } from './options.js';

/** Set in the process that runs as it was asked for. */
const MARK = 'ASYNCERMP_BENCH_STARTED';

/**
 * Starts the command again where the options want it: on one core, with another Node. Gives its exit
 * code; undefined if it is there already.
 *
 * @throws UsageError if the core cannot be chosen
 */
export function runElsewhere({ pinned, node }: BenchOptions): number | undefined {
  if (process.env[MARK] !== undefined || (!pinned && node === undefined)) {
    return undefined;
  }
  const command = [node ?? process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const [file = '', ...args] = pinned ? ['taskset', '-c', '0', ...command] : command;
  const { status, error } = spawnSync(file, args, {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: 'yes' },
  });
  if (error) {
    throw new UsageError(
      pinned && (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? '--pinned, --gate and --record need taskset (util-linux): without it figures of one core cannot be had here'
        : error.message,
    );
  }
  return status ?? 1;
}
