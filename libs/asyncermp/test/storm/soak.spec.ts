import { expect, it } from 'vitest';
import { startStorms, type Holdings } from './world.js';

/** Set by `npm run soak`. The test is skipped without it. */
const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 0);

const row = ({ heapMb, resources, listeners, workers }: Holdings, tasks: number) => ({
  tasks,
  'heap, MB': Math.round(heapMb * 10) / 10,
  'rss, MB': Math.round(process.memoryUsage().rss / 2 ** 20),
  handles: resources.length,
  listeners,
  workers,
});

it.runIf(MINUTES > 0)(
  `after ${MINUTES} minutes of mixed load the application holds what it held at the start`,
  async () => {
    const { storm, holdings, close } = await startStorms(`soak of ${MINUTES} minutes`);
    const start = await holdings();
    const most = start.resources.length;
    expect((await storm(2_000)).wrong).toEqual([]);
    const first = await holdings(most);
    let last = first;
    let tasks = 2_000;
    const rows = [row(first, tasks)];
    const began = performance.now();
    let shown = began;
    while (performance.now() - began < MINUTES * 60_000) {
      expect((await storm(2_000)).wrong).toEqual([]);
      tasks += 2_000;
      last = await holdings(most);
      if (performance.now() - shown > (MINUTES * 60_000) / 12) {
        shown = performance.now();
        rows.push(row(last, tasks));
      }
    }
    rows.push(row(last, tasks));
    console.table(rows);
    expect({ ...last, heapMb: 0 }).toEqual({ ...start, heapMb: 0 });
    expect(last.heapMb - first.heapMb).toBeLessThan(8);
    expect(await close()).toEqual({ starting: 0, idle: 0, busy: 0, ending: 0 });
  },
  MINUTES * 60_000 + 300_000,
);
