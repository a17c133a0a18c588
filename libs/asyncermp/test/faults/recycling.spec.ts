import { describe, expect, it } from 'vitest';
import { FaultService } from '../.fixtures/fault.service.js';
import { Flag } from '../.fixtures/fault.flag.js';
import { CounterService, HookedService } from '../.fixtures/hosted.service.js';
import { makeGate, startApplication } from '../support/application.js';
import { until } from '../support/outcomes.js';

const start = (options: object) =>
  startApplication({
    options: { maxProcesses: 1, ...options },
    providers: [CounterService, HookedService, FaultService],
  });

describe('a worker that reached maxTasksPerWorker', () => {
  it('serves until its replacement is ready, and then runs its shutdown hooks', async () => {
    const { mp, get } = await start({ maxTasksPerWorker: 3 });
    const end = makeGate();
    const service = get(HookedService);
    const first = await service.reportEnd(end.shared);
    let ready = Infinity;
    let thread = first;
    while (thread === first) {
      thread = await get(FaultService).thread();
      const { idle, busy } = mp.stats().workers;
      ready = Math.min(ready, idle + busy);
    }
    // At every moment a worker was ready.
    expect(ready).toBeGreaterThan(0);
    await end.waitFor(1);
    expect(end.record).toEqual([1, 2]);
    expect(mp.stats().failed).toBe(0);
    expect(mp.stats().completed).toBeGreaterThanOrEqual(3);
  });

  it('finishes its running task before it ends', async () => {
    const { mp, get } = await start({ maxTasksPerWorker: 1 });
    const first = await get(FaultService).thread();
    const [open, started] = [new Flag(), new Flag()];
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    await until('the replacement is ready', () => mp.stats().workers.idle === 1);
    expect(mp.stats()).toMatchObject({ running: 1, workers: { busy: 1 } });
    open.raise();
    expect(await holding).toBe(first);
    expect(await get(FaultService).thread()).not.toBe(first);
    expect(mp.stats()).toMatchObject({ completed: 3, failed: 0 });
  });

  it('is replaced again and again, and no surplus worker is left', async () => {
    const { mp, get } = await start({ maxProcesses: 2, maxTasksPerWorker: 20 });
    await Promise.all(Array.from({ length: 400 }, () => get(FaultService).thread()));
    await until('no worker starts or runs', () => {
      const { starting, busy } = mp.stats().workers;
      return starting === 0 && busy === 0;
    });
    expect(mp.stats().workers.idle).toBeLessThanOrEqual(2);
    expect(mp.stats()).toMatchObject({ completed: 400, failed: 0 });
  });

  it('leaves one worker after resize(1) ended its replacement', async () => {
    const { mp, get } = await start({ maxProcesses: 2, maxTasksPerWorker: 1 });
    const started = new Flag();
    const gates = [1, 2, 3].map(() => new Flag());
    const held = gates.map(({ shared }) => mp.run(FaultService, 'gate', [shared, started.shared]));
    await started.reached(2);
    // One of the two is due for recycling, and runs the third task while its replacement starts.
    gates[0]?.raise();
    await started.reached(3);
    const { starting, idle } = mp.stats().workers;
    expect(starting + idle).toBe(1);
    mp.resize(1);
    gates[2]?.raise();
    await held[2];
    gates[1]?.raise();
    await Promise.all(held);
    await get(FaultService).thread();
    await until('one idle worker is left', () => {
      const { starting, idle, busy } = mp.stats().workers;
      return starting === 0 && busy === 0 && idle === 1;
    });
  });
});

describe('a worker is replaced after its task', () => {
  it('when it reached maxWorkerAge', async () => {
    const { get } = await start({ maxWorkerAge: 100 });
    const thread = await get(FaultService).thread();
    while ((await get(FaultService).thread()) === thread) {}
  });

  it('when its heap holds more than maxWorkerHeap', async () => {
    const { mp, get } = await start({ maxWorkerHeap: 64 });
    const thread = await get(FaultService).hoard(1);
    expect(await get(FaultService).thread()).toBe(thread);
    await get(FaultService).hoard(80);
    while ((await get(FaultService).thread()) === thread) {}
    expect(mp.stats().failed).toBe(0);
  });
});
