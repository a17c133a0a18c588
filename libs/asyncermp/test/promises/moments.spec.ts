import { describe, expect, it } from 'vitest';
import { TaskEvent, type TaskEventPayload } from '../../src/contract/task-events.js';
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

/** The events of all tasks from now on, with the attempts that they name. */
function eventsOf({ emitter }: ModelWorld): string[] {
  const heard: string[] = [];
  for (const name of Object.values(TaskEvent)) {
    emitter.on(name, ({ attempt }: TaskEventPayload) =>
      heard.push(`${name.split('.').at(-1)} ${attempt}`),
    );
  }
  return heard;
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

  it('a task that is cancelled as it begins has a started event all the same', async () => {
    const world = new ModelWorld(1, 1_000);
    const heard = eventsOf(world);
    await world.submit(false);
    // The message that it began is still on its way.
    readyLane(world).begin(false);
    world.cancel(0);
    expect(heard).toEqual(['queued 0', 'started 1', 'cancelled 1']);
    expect(world.scheduler.get('task 0')).toMatchObject({ state: 'cancelled', attempt: 1 });
    await world.comeToRest();
  });

  it('a task whose worker dies as it begins has a started event for each attempt', async () => {
    const world = new ModelWorld(1, 1_000);
    const heard = eventsOf(world);
    await world.submit(false, { crashAttempts: 2 });
    for (let crash = 0; crash < 2; crash++) {
      await until('a worker starts', () => world.present.length > 0);
      const lane = readyLane(world);
      lane.begin(false);
      world.die(lane);
    }
    expect(heard).toEqual(['queued 0', 'started 1', 'retrying 1', 'started 2', 'failed 2']);
    await world.comeToRest();
  });

  it('a task that cannot be sent has begun no attempt', async () => {
    const world = new ModelWorld(1, 1_000);
    const heard = eventsOf(world);
    await world.submit(false, { isUnsendable: true });
    readyLane(world);
    expect(heard).toEqual(['queued 0', 'failed 0']);
    expect(world.scheduler.get('task 0')).toMatchObject({ state: 'failed', attempt: 0 });
    await world.comeToRest();
  });

  it('a listener cancels the others of a list of tasks that fails because no worker starts', async () => {
    const world = new ModelWorld(1, 1_000);
    for (let task = 0; task < 5; task++) {
      await world.submit(false);
    }
    const uids = [0, 1, 2, 3, 4].map((task) => `task ${task}`);
    world.emitter.on(TaskEvent.Failed, () => uids.forEach((uid) => world.scheduler.cancel(uid)));
    for (let failure = 0; failure < 3; failure++) {
      await until('a worker starts', () => world.present.length > 0);
      world.present[0]?.die();
    }
    await world.scheduler.drain();
    expect(world.scheduler.stats()).toMatchObject({
      accepted: 5,
      failed: 1,
      cancelled: 4,
      waiting: 0,
    });
    await world.scheduler.shutdown();
  });
});
