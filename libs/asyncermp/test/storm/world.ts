import { EventEmitter2 } from '@nestjs/event-emitter';
import { StormService } from '../.fixtures/storm.service.js';
import { collectGarbage } from '../support/garbage.js';
import { startApplication } from '../support/application.js';
import { until } from '../support/outcomes.js';
import { Random } from '../support/random.js';
import { Storm, type StormReport } from './storm.js';
import { ThreadDeaths } from '../support/thread-deaths.js';

const MAX_PROCESSES = 4;

/** The resources of an application and its process, for comparing two moments. */
export interface Holdings {
  readonly heapMb: number;
  /** The timers, ports and threads that keep the process alive. */
  readonly resources: readonly string[];
  readonly listeners: number;
  readonly workers: number;
}

/** An application for storms. `STORM_SEED` repeats them. */
export async function startStorms(what: string) {
  const seed = process.env['STORM_SEED'];
  if (seed) {
    process.env['SEED'] = seed;
  }
  const random = new Random(what);
  const deaths = new ThreadDeaths();
  const application = await startApplication({
    options: {
      maxProcesses: MAX_PROCESSES,
      cancelGrace: 150,
      maxTasksPerWorker: 700,
      // Fewer than are in flight: many submissions wait for room.
      maxQueue: 60,
      onFull: 'wait',
      resourceLimits: { maxOldGenerationSizeMb: 48 },
      retain: 100,
      completedQueueSize: 100,
    },
    providers: [StormService],
  });
  const { app, mp } = application;
  const emitter = application.get(EventEmitter2);
  return {
    maxProcesses: MAX_PROCESSES,
    storm: (tasks: number): Promise<StormReport> =>
      new Storm(application, deaths, random, {
        tasks,
        // A storm of the soak has one task of each rare kind.
        rareEvery: 330,
        inFlight: 200,
        maxProcesses: MAX_PROCESSES,
      }).run(),
    /** The resources at rest, with one worker. */
    holdings: async (atMost = Infinity): Promise<Holdings> => {
      mp.resize(1);
      await until('one worker is idle', () => mp.stats().workers.idle === 1);
      // The last timers and ending threads go.
      await until(
        `the process holds at most ${atMost} resources`,
        () => process.getActiveResourcesInfo().length <= atMost,
      );
      await collectGarbage();
      const holdings = {
        heapMb: process.memoryUsage().heapUsed / 2 ** 20,
        resources: process.getActiveResourcesInfo().sort(),
        listeners: emitter.eventNames().length,
        workers: mp.stats().workers.idle,
      };
      mp.resize(MAX_PROCESSES);
      return holdings;
    },
    close: async (): Promise<object> => {
      await app.close();
      deaths.close();
      return mp.stats().workers;
    },
  };
}
