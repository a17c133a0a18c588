import { setTimeout as wait } from 'node:timers/promises';
import { AsyncerMpService, transfer } from 'nestjs-asyncermp';
import type { Pool, StartOptions } from '../pool.js';
import { SpinService } from '../providers/spin.service.js';
import { createApplication } from './application.js';
import { BenchService } from './bench.service.js';
import { CompletionListener } from './completion.listener.js';

/** nestjs-asyncermp in full, with one injected provider. */
export async function start(options: StartOptions): Promise<Pool> {
  const app = await createApplication([SpinService, BenchService], options);
  const bench = app.get(BenchService);
  const mp = app.get(AsyncerMpService);
  const listener = app.get(CompletionListener);
  return {
    work: (steps) => bench.work(steps),
    workWithHandle: async (steps) => {
      const task = await mp.submit(BenchService, 'work', [steps]);
      return task.result;
    },
    map: (items) => mp.map(BenchService, 'work', argumentsOf(items)),
    meet: (barrier, parties) => bench.meet(barrier, parties),
    hang: async (flag) => {
      const task = await mp.submit(BenchService, 'hang', [flag]);
      const settled = task.result;
      settled.catch(() => {});
      return { settled, cancel: () => void task.cancel('stuck') };
    },
    bounce: (bytes, way) => bench.bounce(way === 'transferred' ? transfer(bytes) : bytes, way),
    queue: (options) => mp.run(BenchService, 'work', [0], options),
    queueWithHandle: async () => {
      const task = await mp.submit(BenchService, 'work', [0]);
      return { settled: task.result, cancel: () => void task.cancel('enough') };
    },
    pause: () => void mp.pause(),
    ready: async () => {
      while (mp.stats().workers.starting > 0) {
        await wait(5);
      }
    },
    end: async () => {
      const { completed } = mp.stats();
      await app.close();
      if (listener.completed < completed) {
        throw new Error(`The listener received ${listener.completed} of ${completed} tasks`);
      }
    },
  };
}

function* argumentsOf(items: Iterable<number>): Generator<readonly [number]> {
  for (const item of items) {
    yield [item];
  }
}
