import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkerCrashedError, WorkerStartError, type AsyncerMpOptions } from 'nestjs-asyncermp';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { FragileService } from '../.fixtures/fault.start.service.js';
import { StartBackoff, StartFailureReports } from '../../src/pool/worker-lifecycle.js';
import { startApplication } from '../support/application.js';
import { rejectionOf, until } from '../support/outcomes.js';
import { ThreadDeaths } from '../support/thread-deaths.js';

const directory = mkdtempSync(join(tmpdir(), 'asyncermp-'));
afterAll(() => rmSync(directory, { recursive: true }));

const watched: ThreadDeaths[] = [];
afterEach(() => {
  for (const deaths of watched.splice(0)) {
    deaths.close();
  }
});

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
  // Not by the log, where most of them are missing.
  const deaths = new ThreadDeaths();
  let failed = 0;
  deaths.add(() => failed++);
  watched.push(deaths);
  const failures = () => failed;
  const logged = () => errors.filter((text) => /^Worker \d+ could not start/.test(text));
  const world = {
    break: () => writeFileSync(broken, ''),
    mend: () => rmSync(broken, { force: true }),
    errors,
    failures,
    logged,
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
      const { mp, errors, logged, failures } = await startFragile(how);
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
      // Three starts failed, with the same error: it is logged once, and not by Nest as well.
      await until('three workers have ended', () => failures() > 2);
      const ofWorkers = errors.filter((text) => !text.startsWith('Task '));
      expect(ofWorkers).toEqual(logged());
      expect(logged()).toEqual([expect.stringContaining(CAUSES[how].message)]);
      expect(mp.stats()).toMatchObject({ failed: 3, running: 0, waiting: 0 });
    });

    it('are started again, and the pool works once they start', async () => {
      const { mp, get, failures, mend } = await startFragile(how);
      expect(await rejectionOf(get(FragileService).thread())).toBeInstanceOf(WorkerStartError);
      await until('three workers have ended', () => failures() > 2);
      mend();
      await expect(get(FragileService).thread()).resolves.toBeTypeOf('number');
      expect(mp.stats()).toMatchObject({ completed: 1, failed: 1 });
    });
  });
}

describe('workers whose start never ends', () => {
  it('fail the tasks with WorkerStartError after startTimeout, with a likely reason', async () => {
    const { mp, get, failures } = await startFragile('FAULT_HANG', {
      // Longer than a worker takes to load its modules, also on a slow machine: Node 20 may abort when a thread
      // is ended before.
      startTimeout: 5_000,
      maxProcesses: 1,
    });
    expect(await rejectionOf(get(FragileService).thread())).toMatchObject({
      name: 'WorkerStartError',
      cause: {
        message: expect.stringMatching(
          /^It was not ready within the startTimeout of 5000 ms\. .*lifecycle hook/,
        ),
      },
    });
    // Each of them was ended, and another one started in its place.
    await until('three workers have ended', () => failures() > 2);
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
    const { mp, get, failures, logged } = world;
    world.break();
    expect(await rejectionOf(get(FragileService).exit())).toBeInstanceOf(WorkerCrashedError);
    // The other worker's tasks prove nothing about starts: these are logged once, and not tried more often.
    await until('four starts have failed', () => failures() > 4);
    await expect(get(FragileService).thread()).resolves.toBeTypeOf('number');
    expect(logged()).toHaveLength(1);
    world.mend();
    await until('two workers are idle', () => mp.stats().workers.idle === 2);
  });
});

describe('StartFailureReports', () => {
  it('lets the first failure through, and then one at growing intervals, with their number', () => {
    const reports = new StartFailureReports();
    // One failure a second, for ten minutes.
    const lines: [second: number, failures: number][] = [];
    for (let second = 0; second < 600; second++) {
      const failures = reports.failed('Error: no database', second * 1_000);
      if (failures > 0) {
        lines.push([second, failures]);
      }
    }
    expect(lines).toEqual([
      [0, 1],
      [10, 10],
      [30, 20],
      [70, 40],
      [150, 80],
      [310, 160],
    ]);
  });

  it('lets one for another reason through at once, but not one that differs in numbers only', () => {
    const reports = new StartFailureReports();
    expect(reports.failed('Error: port 4000 is taken', 0)).toBe(1);
    expect(reports.failed('Error: port 4001 is taken', 1)).toBe(0);
    expect(reports.failed('Error: no database', 2)).toBe(2);
  });

  it('counts from the beginning once workers start again', () => {
    const reports = new StartFailureReports();
    expect(reports.failed('Error: no database', 0)).toBe(1);
    expect(reports.failed('Error: no database', 1)).toBe(0);
    reports.succeeded();
    expect(reports.failed('Error: no database', 2)).toBe(1);
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
