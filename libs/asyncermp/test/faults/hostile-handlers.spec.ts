import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { resolveOptions } from '../../src/asyncermp.options.js';
import type { TaskHandler } from '../../src/contract/backend.js';
import { Scheduler } from '../../src/engine/scheduler.js';
import { TaskPublisher } from '../../src/engine/task-publisher.js';
import type { Task } from '../../src/engine/task.js';
import { handlersOf } from '../../src/injection/handler-registry.js';
import { ThreadChannel } from '../../src/pool/channels/thread.channel.js';
import type { WorkerFactory } from '../../src/pool/lane.js';
import { PoolLog } from '../../src/pool/pool-log.js';
import { WorkerLane } from '../../src/pool/worker-lane.js';
import { HostileService } from '../.fixtures/hostile.service.js';
import { Random } from '../support/random.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { threadOptions } from '../support/thread-options.js';
import { collectUnhandled } from '../support/unhandled.js';

const pathOf = (file: string): string =>
  fileURLToPath(new URL(`../.fixtures/${file}`, import.meta.url));
const handlers = handlersOf(HostileService);

const factory: WorkerFactory<Task> = {
  create: (id, listener) =>
    new WorkerLane(
      id,
      listener,
      (events) =>
        new ThreadChannel(
          id,
          {
            ...threadOptions,
            manifest: {
              files: [pathOf('hostile.service.js')],
              handlers: handlers.map(({ name }) => name),
            },
            entryFile: pathOf('hostile.entry.js'),
          },
          events,
        ),
    ),
};

function handlerNamed(name: 'echo' | 'harm'): TaskHandler {
  const index = handlers.findIndex((handler) => handler.name === `HostileService.${name}`);
  return { name: `HostileService.${name}`, index, options: {} };
}

/** How many results the loop gives, four at most, or the error that ends it. */
async function resultsOf(loop: AsyncIterable<unknown>): Promise<unknown> {
  let count = 0;
  try {
    for await (const _ of loop) {
      if (++count > 3) {
        break;
      }
    }
  } catch (error) {
    return error;
  }
  return count;
}

/** Most rounds cost a worker, and the next one waits until another one has started. */
const ROUNDS = 6;

it('handlers that forge messages and overwrite the slots of their worker harm no other worker and no book', async () => {
  const { seed } = new Random('hostile handlers');
  const options = resolveOptions({ maxProcesses: 2, cancelGrace: 0, shutdownTimeout: 0 });
  const log = new PoolLog(new RecordingLogger());
  const publisher = new TaskPublisher(options, log, () => undefined);
  const scheduler = new Scheduler(options, publisher, log, factory);
  const harm = handlerNamed('harm');
  const echo = handlerNamed('echo');
  const uncaught = await collectUnhandled(async () => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const settle of [true, false]) {
        const items = [seed + round, seed + 2 * round, seed + 3 * round].map((item) => [item]);
        // One chunk: a forged result is that of several items. There are three results or an error, in any case.
        const results = await resultsOf(scheduler.map(harm, items, { settle, chunk: 3 }));
        expect(results === 3 || results instanceof Error, `seed ${seed}: ${String(results)}`).toBe(
          true,
        );
        expect(results).not.toBeInstanceOf(TypeError);
      }
      // A thread can forge the outcomes of its own tasks, but each of them has one.
      await Promise.allSettled([
        scheduler.run(harm, [seed + round], { timeout: 5_000 }),
        ...[1, 2, 3].map((value) => scheduler.run(echo, [value], { deadline: 20_000 })),
      ]);
    }
    await scheduler.drain();
  });

  expect(uncaught, `seed ${seed}`).toEqual([]);
  expect('polluted' in {}).toBe(false);
  const { accepted, completed, failed, cancelled, waiting, retrying } = scheduler.stats();
  expect(accepted).toBe(6 * ROUNDS);
  expect(completed + failed + cancelled).toBe(accepted);
  expect({ waiting, retrying }).toEqual({ waiting: 0, retrying: 0 });
  await scheduler.shutdown();
});
