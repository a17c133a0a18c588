/*
 * The long tests, which `npm test` has not got:
 *   npm run storm -- --tasks 40000 --seed 7
 *   npm run soak -- --minutes 10 --seed 7
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    tasks: { type: 'string', default: '40000' },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: process.env.STORM_SEED ?? '' },
  },
});
const [what] = positionals;
const env = {
  ...process.env,
  STORM_SEED: values.seed,
  ...(what === 'soak' ? { SOAK_MINUTES: values.minutes } : { STORM_TASKS: values.tasks }),
};
const args = ['vitest', 'run', `test/storm/${what}.spec.ts`, '--disableConsoleIntercept=true'];
const { status } = spawnSync('npx', args, { env, stdio: 'inherit' });
process.exitCode = status ?? 1;
