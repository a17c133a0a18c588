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

const loads = (world: ModelWorld) =>
  world.present.map(({ load }) => load).toSorted((a, b) => a - b);

describe('where a task goes', () => {
  it.each([
    ['behind a task that is done before that one would be awake', 0.001, 2, [0, 2]],
    ['to the idle one, if that takes longer', 0.035, 2, [1, 1]],
    ['to the idle one, if there is enough to do for both', 0.0195, 5, [2, 3]],
  ])('%s', async (_where, runMs, tasks, expected) => {
    const world = await worldOfTwo(runMs);
    for (let task = 0; task < tasks; task++) {
      await world.submit(false, {});
    }
    expect(loads(world)).toEqual(expected);
    await world.comeToRest();
  });

  it('if it is tiny, where such tasks are already, and not to one that is as busy with fewer', async () => {
    const world = await worldOfTwo(0.0029);
    for (let task = 0; task < 24; task++) {
      await world.submit(false, {});
    }
    expect(loads(world)).toEqual([4, 20]);
    const finish = (lane: ModelLane, tasks: number): void => {
      for (let task = 0; task < tasks; task++) {
        lane.begin();
        world.finish(lane, true);
      }
    };
    const [few, many] = world.present.toSorted((a, b) => a.load - b.load) as [ModelLane, ModelLane];
    finish(many, 10);
    finish(few, 1);
    for (let task = 0; task < 5; task++) {
      await world.submit(false, {});
    }
    expect([few.load, many.load]).toEqual([3, 15]);
    await world.comeToRest();
  });

  it('by what such tasks take mostly, whatever one of them took that was held up', async () => {
    const world = await worldOfTwo(0.001);
    await world.submit(false, {});
    const lane = world.present.find(({ load }) => load > 0);
    lane?.begin();
    world.finish(lane as ModelLane, true, 0.2);
    for (let task = 0; task < 5; task++) {
      await world.submit(false, {});
    }
    expect(loads(world)).toEqual([0, 5]);
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
