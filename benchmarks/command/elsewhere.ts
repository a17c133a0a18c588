import { spawnSync } from 'node:child_process';
import { UsageError, type BenchOptions } from './options.js';

/** Set in the process that was started on the requested core or Node. */
const MARK = 'ASYNCERMP_BENCH_STARTED';

/**
 * Starts the command again as the options ask for: on one core, or with another Node. Returns its exit
 * code, or undefined if this process is already the right one.
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
        ? '--pinned, --gate and --record need taskset (util-linux), which binds the process to one core'
        : error.message,
    );
  }
  return status ?? 1;
}
