import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ShutdownError, TaskEvent, type AsyncerMpOptions } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { Flag } from '../.fixtures/fault.flag.js';
import { FaultService } from '../.fixtures/fault.service.js';
import { rejectionOf } from '../support/outcomes.js';
import { ThreadDeaths } from '../support/thread-deaths.js';
import { occupyAll, startFaults } from './start.js';

/** A pool of two workers, and what it logs. */
async function startLogged(options: AsyncerMpOptions) {
  const lines: string[] = [];
  const logger = { log: (text: string) => void lines.push(text), error: () => {}, warn: () => {} };
  const application = await startFaults({ maxProcesses: 2, logger, ...options });
  await occupyAll(application, 2);
  return { ...application, record: application.record, lines };
}

describe('a shutdown under load', () => {
  it('lets tasks finish, and fails cooperative, stuck and queued ones after shutdownTimeout', async () => {
    const { app, mp, record, lines } = await startLogged({
      // The one task has this long to finish, and the other to stop, on any machine.
      shutdownTimeout: 4_000,
      cancelGrace: 2_000,
    });
    const events = record();
    const [open, started, stopped] = [new Flag(), new Flag(), new Flag()];
    const finishing = mp.run(FaultService, 'gate', [open.shared]);
    const cooperative = rejectionOf(
      mp.run(FaultService, 'spinCooperatively', [started.shared, stopped.shared]),
    );
    const stubborn = rejectionOf(mp.run(FaultService, 'spin', [started.shared]));
    const waiting = Array.from({ length: 5 }, () =>
      rejectionOf(mp.run(FaultService, 'thread', [])),
    );
    await started.reached(1);
    const closing = app.close();
    open.raise();
    await finishing;
    for (const task of [cooperative, stubborn, ...waiting]) {
      const error = await task;
      expect(error).toBeInstanceOf(ShutdownError);
      expect(error).toMatchObject({ code: 'ASYNCERMP_SHUTDOWN', uid: expect.any(String) });
    }
    await closing;
    expect(stopped.count).toBe(1);
    expect(lines).toContainEqual(
      'Shut down with 8 tasks in flight: 1 finished, 0 were cancelled, 7 were lost to the ' +
        'shutdownTimeout of 4000 ms',
    );
    const failed = events.filter(({ name }) => name === TaskEvent.Failed);
    expect(failed).toHaveLength(7);
    expect(mp.stats()).toMatchObject({ running: 0, waiting: 0, workers: { idle: 0, busy: 0 } });
  });

  it('waits neither for a long backoff nor for a worker that is still starting', async () => {
    const { app, mp, next } = await startFaults({ shutdownTimeout: 50, minProcesses: 0 });
    const calls = new Flag();
    const retrying = next(TaskEvent.Retrying);
    const retried = rejectionOf(
      mp.run(FaultService, 'failUntil', [9, calls.shared], { attempts: 9, backoff: 600_000 }),
    );
    await retrying;
    mp.resize(2);
    await app.close();
    expect(await retried).toBeInstanceOf(ShutdownError);
  });

  it('resolves after all threads are gone, those of terminated workers included', async () => {
    const deaths = new ThreadDeaths();
    const { app, mp, next } = await startLogged({ cancelGrace: 0 });
    deaths.close();
    // A heap that takes long to free.
    await mp.run(FaultService, 'hoard', [64]);
    const started = new Flag();
    const stuck = [1, 2].map(() => mp.submit(FaultService, 'spin', [started.shared]));
    await started.reached(2);
    const ended = next(TaskEvent.Cancelled);
    for (const task of stuck) {
      (await task).cancel();
    }
    await ended;
    await app.close();
    expect(deaths.alive).toBe(0);
  });

  it('ends although every running task is stuck', async () => {
    const { app, mp } = await startLogged({ shutdownTimeout: 100, cancelGrace: 100 });
    const started = new Flag();
    const stuck = [1, 2].map(() => rejectionOf(mp.run(FaultService, 'spin', [started.shared])));
    await started.reached(2);
    await app.close();
    expect(await Promise.all(stuck)).toEqual([
      expect.any(ShutdownError),
      expect.any(ShutdownError),
    ]);
  });
});

describe('a process under load', () => {
  const script = fileURLToPath(new URL('../.fixtures/fault.application.js', import.meta.url));

  function run(...args: string[]) {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { text: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output.text += text));
    }
    return {
      child,
      output,
      closed: once(child, 'close') as Promise<[number | null, string | null]>,
    };
  }

  const outcomes = [
    'finishing completed',
    'heard of the completion',
    'cooperative ShutdownError',
    'stubborn ShutdownError',
    'waiting ShutdownError',
    'Shut down with 4 tasks in flight: 1 finished, 0 were cancelled, 3 were lost',
  ];

  it('ends by itself after app.close(), with no handle left', async () => {
    const { output, closed } = run('close');
    const [code] = await closed;
    for (const line of [...outcomes, 'left []']) {
      expect(output.text).toContain(line);
    }
    expect(code).toBe(0);
  });

  // Windows has no SIGTERM: kill() ends the process at once.
  const onPosix = it.skipIf(process.platform === 'win32');

  onPosix('settles its tasks and ends on SIGTERM, with enableShutdownHooks()', async () => {
    const { child, output, closed } = run();
    child.stdout.on('data', () => {
      if (output.text.includes('ready') && !child.killed) {
        child.kill('SIGTERM');
      }
    });
    const [code, signal] = await closed;
    for (const line of outcomes.slice(0, -1)) {
      expect(output.text).toContain(line);
    }
    expect([code, signal]).toEqual([null, 'SIGTERM']);
  });
});
