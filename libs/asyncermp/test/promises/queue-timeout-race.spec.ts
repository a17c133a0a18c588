import { expect, it } from 'vitest';
import { ModelWorld } from './model-world.js';

it('a task that begins in the very moment its queueTimeout passes is left to run', async () => {
  const world = new ModelWorld(1, 1_000);
  await world.submit(false, { queueTimeout: 10 });
  const [lane] = world.present;
  lane?.becomeReady();
  if (!lane || lane.load !== 1) {
    throw new Error('The task was not sent');
  }
  lane.isAhead = true;
  while (!lane.running) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(world.scheduler.stats()).toMatchObject({ failed: 0, running: 1 });
  world.finish(lane, true);
  world.check();
  expect(world.scheduler.stats()).toMatchObject({ completed: 1, failed: 0 });
  await world.comeToRest();
});
