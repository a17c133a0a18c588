import { expect, it } from 'vitest';
import { startStorms } from './world.js';

/** Set by `npm run storm`. Few by default. */
const TASKS = Number(process.env['STORM_TASKS'] ?? 3_000);

it(`a storm of ${TASKS} tasks of every kind: each settles once, and no resource is left behind`, async () => {
  const { storm, holdings, close, maxProcesses } = await startStorms(`storm of ${TASKS} tasks`);
  const before = await holdings();
  // The first tenth fills caches, and compiles code.
  expect((await storm(Math.round(TASKS / 10))).wrong).toEqual([]);
  const { heapMb } = await holdings(before.resources.length);

  const { wrong, peak, outcomes } = await storm(Math.round(TASKS * 0.9));
  expect(wrong).toEqual([]);
  expect(peak).toBeGreaterThan(1);
  expect(peak).toBeLessThanOrEqual(maxProcesses + 1);

  const after = await holdings(before.resources.length);
  expect({ ...after, heapMb: 0 }).toEqual({ ...before, heapMb: 0 });
  expect(after.heapMb - heapMb).toBeLessThan(8);
  if (TASKS > 3_000) {
    console.table(outcomes);
  }
  expect(await close()).toEqual({ starting: 0, idle: 0, busy: 0, ending: 0 });
}, 1_800_000);
