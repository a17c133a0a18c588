import { describe, expect, it } from 'vitest';
import type { ModelLane } from './model-lane.js';
import { ModelWorld } from './model-world.js';

/** Two idle workers, and a handler that is known to run for so long. */
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

describe('where a task goes', () => {
  it.each([
    ['behind a task that is done before that one would be awake', 0.001, 2, [0, 2]],
    ['to the idle one, if that takes longer', 0.035, 2, [1, 1]],
    ['to the idle one, if there is enough to do for both', 0.0195, 5, [2, 3]],
  ])('%s', async (_where, runMs, tasks, expected) => {
    const world = await worldOfTwo(runMs);
    await submit(world, tasks);
    expect(loads(world)).toEqual(expected);
    await world.comeToRest();
  });

  it('if it is tiny, where such tasks are already, and not to one that is as busy with fewer', async () => {
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
    ['by what such tasks take mostly, whatever one of them took that was held up', 0.2, 5, [0, 5]],
    ['if it may be a millisecond until its turn, to the idle one', 0.8, 3, [1, 2]],
  ])('%s', async (_where, heldUpMs, tasks, expected) => {
    const world = await worldOfTwo(0.001);
    await submit(world, 1);
    const [, busy] = byLoad(world);
    finish(world, busy, 1, heldUpMs);
    await submit(world, tasks);
    expect(loads(world)).toEqual(expected);
    await world.comeToRest();
  });

  it('behind others only as far as they take no more than a millisecond: the rest waits', async () => {
    const world = await worldOfTwo(0.3);
    await submit(world, 10);
    expect(loads(world)).toEqual([3, 3]);
    expect(world.scheduler.stats()).toMatchObject({ waiting: 4, running: 2 });
    await world.comeToRest();
  });

  it('to the idle one, if the other runs something of which nobody knows how long it takes', async () => {
    const world = await worldOfTwo(0.001);
    await world.submit(true, {});
    await world.submit(false, {});
    expect(loads(world)).toEqual([1, 1]);
    await world.comeToRest();
  });
});
