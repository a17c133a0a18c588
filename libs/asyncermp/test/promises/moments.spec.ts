import { describe, expect, it } from 'vitest';
import { until } from '../support/outcomes.js';
import type { ModelLane } from './model-lane.js';
import { ModelWorld } from './model-world.js';

/** A world in which the handler is known to be short, so that its tasks are prefetched. */
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

describe('in a moment that no real worker reliably meets', () => {
  it('a task that begins as its queueTimeout passes runs on', async () => {
    const world = new ModelWorld(1, 1_000);
    await world.submit(false, { queueTimeout: 10 });
    const lane = readyLane(world);
    expect(lane.load).toBe(1);
    lane.isAhead = true;
    await until('the lane runs the task', () => lane.running !== undefined);
    expect(world.scheduler.stats()).toMatchObject({ failed: 0, running: 1 });
    world.finish(lane, true);
    world.check();
    await world.comeToRest();
  });

  it('a prefetched task runs in the end, although workers die again and again before it begins', async () => {
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

  it('no task waits on a worker whose running task was cancelled', async () => {
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
