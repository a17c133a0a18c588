import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ShutdownError, TaskEvent } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';
import { AdderService, CalcService, SquareService } from './.fixtures/calc.service.js';
import { GatedService } from './.fixtures/gated.service.js';
import { ListenerService } from './.fixtures/listener.service.js';
import { makeGate, startApplication } from './support/application.js';
import { rejectionOf } from './support/outcomes.js';

const providers = [AdderService, SquareService, CalcService, GatedService, ListenerService];

describe('app.close()', () => {
  it('lets running and queued tasks finish, and emits their events', async () => {
    const { app, mp, get, record } = await startApplication({ providers });
    const events = record();
    const gate = makeGate();
    const tasks = [1, 2, 3].map((id) => mp.run(GatedService, 'hold', [gate.shared, id]));
    await gate.waitFor(1);
    const closing = app.close();
    gate.open();
    await expect(Promise.all(tasks)).resolves.toEqual([1, 2, 3]);
    await closing;
    expect(gate.record).toEqual([1, 2, 3]);
    const names = events.map(({ name }) => name);
    expect(names.filter((name) => name === TaskEvent.Started)).toHaveLength(3);
    expect(names.filter((name) => name === TaskEvent.Completed)).toHaveLength(3);
    expect(get(ListenerService).completed).toHaveLength(3);
    expect(mp.stats()).toMatchObject({
      completed: 3,
      running: 0,
      workers: { starting: 0, idle: 0, busy: 0, ending: 0 },
    });
  });

  it('resolves after every caller of 10,000 queued tasks has its outcome', async () => {
    const { app, mp } = await startApplication({ options: { minProcesses: 0 }, providers });
    await mp.pause();
    let rejected = 0;
    for (let task = 0; task < 10_000; task++) {
      mp.run(CalcService, 'square', [task]).catch(() => rejected++);
    }
    await app.close();
    expect(rejected).toBe(10_000);
  });

  it('refuses new tasks while it drains and afterwards', async () => {
    const { app, mp, get } = await startApplication({ providers });
    const gate = makeGate();
    const running = mp.run(GatedService, 'hold', [gate.shared, 1]);
    await gate.waitFor(1);
    const closing = app.close();
    // Nest calls the shutdown hooks of this module a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    expect(await rejectionOf(mp.run(CalcService, 'square', [2]))).toBeInstanceOf(ShutdownError);
    gate.open();
    await closing;
    await expect(running).resolves.toBe(1);
    const late = [
      mp.submit(CalcService, 'square', [2], { uid: 'late' }),
      mp.run(CalcService, 'square', [2]),
    ];
    for (const task of late) {
      const error = await rejectionOf(task);
      expect(error).toBeInstanceOf(ShutdownError);
      expect(error).toMatchObject({ code: 'ASYNCERMP_SHUTDOWN', handler: 'CalcService.square' });
    }
    expect(await rejectionOf(get(CalcService).square(2))).toBeInstanceOf(ShutdownError);
    expect(mp.get('late')).toBeUndefined();
  });

  it('ends completedQueue and completed$ after the tasks that had settled', async () => {
    const { app, mp } = await startApplication({ providers });
    const completed = new Promise<void>((complete) => mp.completed$.subscribe({ complete }));
    await mp.run(CalcService, 'square', [3]);
    await app.close();
    await completed;
    const results: unknown[] = [];
    for await (const event of mp.completedQueue) {
      results.push(event.state === 'completed' && event.result);
    }
    expect(results).toEqual([9]);
    await expect(mp.completedQueue.get()).resolves.toBeUndefined();
  });

  it('fails unfinished tasks with ShutdownError after shutdownTimeout, and ends their workers', async () => {
    const { app, mp, get } = await startApplication({
      options: { maxProcesses: 2, shutdownTimeout: 20, cancelGrace: 20 },
      providers,
    });
    const gate = makeGate();
    const tasks = await Promise.all([
      mp.submit(GatedService, 'hold', [gate.shared], { uid: 'blocked' }),
      mp.submit(GatedService, 'linger', [gate.shared], { uid: 'waiting' }),
      mp.submit(GatedService, 'hold', [gate.shared], { uid: 'queued' }),
    ]);
    await gate.waitFor(2);
    await app.close();
    for (const { result, uid } of tasks) {
      const error = await rejectionOf(result);
      expect(error).toBeInstanceOf(ShutdownError);
      expect(error).toMatchObject({ uid });
    }
    expect(get(ListenerService).failed).toHaveLength(3);
    expect(mp.stats()).toMatchObject({ failed: 3, running: 0, workers: { idle: 0, busy: 0 } });
  });

  it('does not wait for the queued tasks of a paused pool', async () => {
    const { app, mp } = await startApplication({
      options: { maxProcesses: 1, shutdownTimeout: Infinity },
      providers,
    });
    await mp.pause();
    const task = await mp.submit(CalcService, 'square', [3]);
    await app.close();
    expect(['completed', 'failed', 'cancelled']).toContain(task.state);
  });

  it('may be called while workers start, and twice', async () => {
    const { app, mp } = await startApplication({
      options: { maxProcesses: 2, minProcesses: 0, verify: false },
      providers,
    });
    const tasks = [1, 2, 3].map((n) => mp.run(CalcService, 'square', [n]));
    expect(mp.stats().workers).toEqual({ starting: 2, idle: 0, busy: 0, ending: 0 });
    await Promise.all([app.close(), app.close()]);
    await expect(Promise.all(tasks)).resolves.toEqual([1, 4, 9]);
    await app.close();
  });
});

describe('a process with an application', () => {
  for (const [how, printed] of [
    ['idle', '144\nclosed 1\n'],
    ['busy', '144\nclosed 101\n'],
    ['paused', /^144\nclosed [12]\n$/],
    ['cancelled', '144\nclosed 1\n'],
  ] as const) {
    it(`ends by itself once the application is closed (${how})`, async () => {
      const { code, out, err } = await run('exiting-application.js', how);
      expect(out, err).toMatch(printed);
      expect(code).toBe(0);
    });
  }

  it('does not end before its tasks are settled, although no worker can start', async () => {
    const { code, out, err } = await run('unstartable-application.js');
    expect(out, err).toBe('booted\nWorkerStartError\nclosed\n');
    expect(code).toBe(0);
  });

  for (const minProcesses of ['1', '0']) {
    it(`ends by itself if it does not start, since workers miss a handler (minProcesses: ${minProcesses})`, async () => {
      const { code, out, err } = await run('refused-application.js', minProcesses);
      expect(out, err).toMatch(
        /^ConfigurationError: The handler HiddenService\.work was not defined .*\n$/,
      );
      expect(code).toBe(0);
    });
  }

  it('starts without that check if no worker is kept ready and verify is false', async () => {
    const { code, out, err } = await run('refused-application.js', '0', 'unverified');
    expect(out, err).toBe('booted\n');
    expect(code).toBe(0);
  });
});

async function run(
  script: string,
  ...args: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const file = fileURLToPath(new URL(`./.fixtures/${script}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}
