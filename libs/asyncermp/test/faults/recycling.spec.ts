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
  it('is replaced by one that is warm first, and its onModuleDestroy runs', async () => {
    const { mp, get } = await start({ maxTasksPerWorker: 3 });
    const end = makeGate();
    const service = get(HookedService);
    const first = await service.tellTheEnd(end.shared);
    let ready = Infinity;
    let thread = first;
    while (thread === first) {
      thread = await get(FaultService).thread();
      const { idle, busy } = mp.stats().workers;
      ready = Math.min(ready, idle + busy);
    }
    // There was one to serve at every moment.
    expect(ready).toBeGreaterThan(0);
    await until(() => end.record.length === 2);
    expect(end.record).toEqual([1, 2]);
    expect(mp.stats().failed).toBe(0);
    expect(mp.stats().completed).toBeGreaterThanOrEqual(3);
  });

  it('finishes the task in hand first', async () => {
    const { mp, get } = await start({ maxTasksPerWorker: 1 });
    const first = await get(FaultService).thread();
    const [open, started] = [new Flag(), new Flag()];
    const holding = mp.run(FaultService, 'gate', [open.shared, started.shared]);
    await started.reached();
    // The replacement is there, and waits with what it could do until the bound allows it.
    await until(() => mp.stats().workers.idle === 1 || mp.stats().workers.starting === 0);
    expect(mp.stats().running).toBe(1);
    open.raise();
    expect([first, await holding]).toHaveLength(2);
    await get(FaultService).thread();
    expect(mp.stats()).toMatchObject({ completed: 3, failed: 0 });
  });

  it('goes over and over, and there are never more ready workers than needed at the end', async () => {
    const { mp, get } = await start({ maxProcesses: 2, maxTasksPerWorker: 20 });
    await Promise.all(Array.from({ length: 400 }, () => get(FaultService).thread()));
    await until(() => mp.stats().workers.starting === 0 && mp.stats().workers.busy === 0);
    expect(mp.stats().workers.idle).toBeLessThanOrEqual(2);
    expect(mp.stats()).toMatchObject({ completed: 400, failed: 0 });
  });

  it('is no surplus worker after a resize that ended its replacement', async () => {
    const { mp, get } = await start({ maxProcesses: 2, maxTasksPerWorker: 1 });
    const started = new Flag();
    const gates = [1, 2, 3].map(() => new Flag());
    const held = gates.map(({ shared }) => mp.run(FaultService, 'gate', [shared, started.shared]));
    await started.reached(2);
    // One of the two is worn, and has the third task in hand while its replacement starts.
    gates[0]?.raise();
    await started.reached(3);
    expect(mp.stats().workers.starting).toBe(1);
    mp.resize(1);
    gates[2]?.raise();
    await held[2];
    gates[1]?.raise();
    await Promise.all(held);
    await get(FaultService).thread();
    await until(() => {
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
