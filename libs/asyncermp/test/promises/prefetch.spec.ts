import { describe, expect, it } from 'vitest';
import type { ModelLane } from './model-lane.js';
import { ModelWorld } from './model-world.js';

/** Two idle workers, and a handler of which they know that it runs for `runMs`. */
async function worldOfTwo(runMs: number): Promise<ModelWorld> {
  const world = new ModelWorld(2, runMs);
  await world.submit(false, {});
  await world.submit(false, {});
  for (const lane of world.present) {
    lane.becomeReady();
  }
  for (let run = 0; run < 10; run++) {
    await world.submit(false, {});
    for (const lane of world.present) {
      while (lane.begin()) {
        world.finish(lane, true);
      }
    }
  }
  expect(world.scheduler.stats()).toMatchObject({ waiting: 0, running: 0, completed: 12 });
  return world;
}

async function submit(world: ModelWorld, tasks: number): Promise<void> {
  for (let task = 0; task < tasks; task++) {
    await world.submit(false, {});
  }
}

function finish(world: ModelWorld, lane: ModelLane, tasks: number, runMs?: number): void {
  for (let task = 0; task < tasks; task++) {
    lane.begin();
    world.finish(lane, true, runMs);
  }
}

/** The workers, from the one with the fewest tasks to the one with the most. */
const byLoad = (world: ModelWorld) =>
  world.present.toSorted((a, b) => a.load - b.load) as [ModelLane, ModelLane];

const loads = (world: ModelWorld) => byLoad(world).map(({ load }) => load);

describe('the dispatcher sends a task', () => {
  it.each([
    ['to a busy worker that runs it before an idle one would be awake', 0.001, 2, [0, 2]],
    ['to an idle worker if the busy one takes longer than waking it', 0.035, 2, [1, 1]],
    ['to an idle worker if there is enough work for both', 0.0195, 5, [2, 3]],
  ])('%s', async (_where, runMs, tasks, expected) => {
    const world = await worldOfTwo(runMs);
    await submit(world, tasks);
    expect(loads(world)).toEqual(expected);
    await world.comeToRest();
  });

  it('to the worker that tiny tasks share, although another one holds fewer', async () => {
    const world = await worldOfTwo(0.0029);
    await submit(world, 24);
    expect(loads(world)).toEqual([4, 20]);
    const [few, many] = byLoad(world);
    finish(world, many, 10);
    finish(world, few, 1);
    await submit(world, 5);
    expect([few.load, many.load]).toEqual([3, 15]);
    await world.comeToRest();
  });

  it.each([
    ['by the typical run time of its handler, despite one long run', 0.2, 5, [0, 5]],
    ['to an idle worker if it may wait a millisecond on the busy one', 0.8, 3, [1, 2]],
  ])('%s', async (_where, heldUpMs, tasks, expected) => {
    const world = await worldOfTwo(0.001);
    await submit(world, 1);
    const [, busy] = byLoad(world);
    finish(world, busy, 1, heldUpMs);
    await submit(world, tasks);
    expect(loads(world)).toEqual(expected);
    await world.comeToRest();
  });

  it('to a busy worker only up to a millisecond of work: the rest waits in the queue', async () => {
    const world = await worldOfTwo(0.3);
    await submit(world, 10);
    expect(loads(world)).toEqual([3, 3]);
    expect(world.scheduler.stats()).toMatchObject({ waiting: 4, running: 2 });
    await world.comeToRest();
  });

  it('to an idle worker if the busy one runs a task of unknown length', async () => {
    const world = await worldOfTwo(0.001);
    await world.submit(true, {});
    await world.submit(false, {});
    expect(loads(world)).toEqual([1, 1]);
    await world.comeToRest();
  });
});
