import { describe, expect, it } from 'vitest';
import type { ModelLane } from './model-lane.js';
import { ModelWorld } from './model-world.js';

/** A world in which the handler is known to be short, so that its tasks are sent ahead. */
async function shortWorld(): Promise<ModelWorld> {
  const world = new ModelWorld(1, 0.001);
  for (let run = 0; run < 10; run++) {
    await world.submit(false, {});
    const lane = readyLane(world);
    lane.begin();
    world.finish(lane, true);
  }
  return world;
}

function readyLane(world: ModelWorld): ModelLane {
  const [lane] = world.present;
  if (!lane) {
    throw new Error('There is no lane');
  }
  lane.becomeReady();
  return lane;
}

// Moments that no real worker can be made to have reliably.
describe('in just the wrong moment', () => {
  it('a task that begins when its queueTimeout passes is left to run', async () => {
    const world = new ModelWorld(1, 1_000);
    await world.submit(false, { queueTimeout: 10 });
    const lane = readyLane(world);
    expect(lane.load).toBe(1);
    lane.isAhead = true;
    while (!lane.running) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(world.scheduler.stats()).toMatchObject({ failed: 0, running: 1 });
    world.finish(lane, true);
    world.check();
    await world.comeToRest();
  });

  it('workers die over and over before a task that was sent to them begins: it runs in the end', async () => {
    const world = await shortWorld();
    await world.submit(false, { priority: 1 });
    await world.submit(false, {});
    for (let crash = 0; crash < 6; crash++) {
      const lane = readyLane(world);
      lane.begin();
      expect(lane.held()).toHaveLength(2);
      world.die(lane);
      await world.submit(false, { priority: 1 });
    }
    expect(world.scheduler.stats()).toMatchObject({ failed: 6 });
    await world.comeToRest();
    expect(world.scheduler.stats()).toMatchObject({ failed: 6, completed: 12 });
  });

  it('nothing waits behind a task that was told to stop, whose worker may be ended any time', async () => {
    const world = await shortWorld();
    await world.submit(false, { priority: 1 });
    await world.submit(false, {});
    await world.submit(false, {});
    const lane = readyLane(world);
    lane.begin();
    expect(lane.held()).toHaveLength(3);
    world.cancel(10);
    expect(lane.held()).toEqual([lane.running]);
    await world.submit(false, {});
    expect(lane.held()).toEqual([lane.running]);
    await world.comeToRest();
    expect(world.scheduler.stats()).toMatchObject({ cancelled: 1, completed: 13, failed: 0 });
  });
});
