import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkerCrashedError, WorkerStartError, type AsyncerMpOptions } from 'nestjs-asyncermp';
import { afterAll, describe, expect, it } from 'vitest';
import { FragileService } from '../.fixtures/fault.start.service.js';
import { StartBackoff } from '../../src/pool/worker-lifecycle.js';
import { startApplication } from '../support/application.js';
import { rejectionOf, until } from '../support/outcomes.js';

const directory = mkdtempSync(join(tmpdir(), 'asyncermp-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** An application whose workers cannot start while the file `broken` exists. */
async function startFragile(
  how: 'FAULT_IMPORT' | 'FAULT_INIT' | 'FAULT_HANG',
  { isBroken = true, ...options }: AsyncerMpOptions & { isBroken?: boolean } = {},
) {
  const broken = join(mkdtempSync(join(directory, 'app-')), 'broken');
  const errors: string[] = [];
  const logger = {
    log: () => {},
    warn: () => {},
    error: (text: string) => void errors.push(text),
  };
  const failures = () => errors.filter((text) => text.includes('could not start')).length;
  const world = {
    break: () => writeFileSync(broken, ''),
    mend: () => rmSync(broken, { force: true }),
    errors,
    failures,
  };
  if (isBroken) {
    world.break();
  }
  const application = await startApplication({
    options: { maxProcesses: 2, logger, env: { ...process.env, [how]: broken }, ...options },
    providers: [FragileService],
  });
  return { ...world, mp: application.mp, get: application.get };
}

const CAUSES = {
  FAULT_IMPORT: { name: 'SyntaxError', message: 'this file is not itself today' },
  FAULT_INIT: { name: 'RangeError', message: 'the database is away' },
} as const;

for (const [how, what] of [
  ['FAULT_IMPORT', 'the file of a handler throws when it is imported'],
  ['FAULT_INIT', "a provider's onModuleInit rejects"],
] as const) {
  describe(`workers that cannot start because ${what}`, () => {
    it('do not hang the application, and fail the tasks with WorkerStartError', async () => {
      const { mp, errors } = await startFragile(how);
      const tasks = [1, 2, 3].map(() => rejectionOf(mp.run(FragileService, 'thread', [])));
      for (const task of tasks) {
        const error = await task;
        expect(error).toBeInstanceOf(WorkerStartError);
        expect(error).toMatchObject({
          cause: CAUSES[how],
          handler: 'FragileService.thread',
          uid: expect.any(String),
        });
      }
      expect(errors.join('\n')).toContain(CAUSES[how].message);
      expect(mp.stats()).toMatchObject({ failed: 3, running: 0, waiting: 0 });
    });

    it('are started again, and the pool works once they start', async () => {
      const { mp, get, failures, mend } = await startFragile(how);
      expect(await rejectionOf(get(FragileService).thread())).toBeInstanceOf(WorkerStartError);
      expect(failures()).toBeGreaterThan(2);
      mend();
      await expect(get(FragileService).thread()).resolves.toBeTypeOf('number');
      expect(mp.stats()).toMatchObject({ completed: 1, failed: 1 });
    });
  });
}

describe('workers whose start never ends', () => {
  it('fail the tasks with WorkerStartError after startTimeout, with a likely reason', async () => {
    const { mp, get, failures } = await startFragile('FAULT_HANG', {
      startTimeout: 1_500,
      maxProcesses: 1,
    });
    expect(await rejectionOf(get(FragileService).thread())).toMatchObject({
      name: 'WorkerStartError',
      cause: {
        message: expect.stringMatching(
          /^It was not ready within the startTimeout of 1500 ms\. .*lifecycle hook/,
        ),
      },
    });
    // Each of them was ended, and another one started in its place. None is mended here: whether a start
    // takes less than startTimeout is up to the machine.
    expect(failures()).toBeGreaterThan(2);
    expect(mp.stats()).toMatchObject({ failed: 1, running: 0, waiting: 0 });
  });
});

describe('a failed start', () => {
  it('fails no task if the next start succeeds', async () => {
    const { get, mend, failures } = await startFragile('FAULT_INIT');
    const task = get(FragileService).thread();
    await until('a start has failed', () => failures() > 0);
    mend();
    await expect(task).resolves.toBeTypeOf('number');
  });

  it('of a replacement does not stop the other workers from serving', async () => {
    const world = await startFragile('FAULT_INIT', { isBroken: false, minProcesses: 2 });
    const { mp, get, failures } = world;
    world.break();
    expect(await rejectionOf(get(FragileService).exit())).toBeInstanceOf(WorkerCrashedError);
    await until('four starts have failed', () => failures() > 3);
    await expect(get(FragileService).thread()).resolves.toBeTypeOf('number');
    world.mend();
    await until('two workers are idle', () => mp.stats().workers.idle === 2);
  });
});

describe('StartBackoff', () => {
  it('counts failures of workers that were started together as one', async () => {
    let mayStart: () => void = () => {};
    const over = new Promise<void>((resolve) => (mayStart = resolve));
    const backoff = new StartBackoff(() => mayStart());
    expect([1, 2, 3, 4].map(() => backoff.failed())).toEqual([100, 100, 100, 100]);
    expect(backoff.isPersistent).toBe(false);
    expect(backoff.mayStart).toBe(false);
    await over;
    expect(backoff.mayStart).toBe(true);
    expect(backoff.failed()).toBe(200);
    backoff.close();
  });
});
