import { burst } from './burst.js';
import { cancelling } from './cancelling.js';
import { closedLoop } from './closed-loop.js';
import { coldStart } from './cold-start.js';
import { image, site } from './jobs.js';
import { latency } from './latency.js';
import { mapItems, runEach } from './mapping.js';
import { payload } from './payload.js';
import { scaling } from './scaling.js';
import { stuck } from './stuck.js';
import { waiting } from './waiting.js';
import { workerMemory } from './worker-memory.js';

/** All measurements, by the name that an order to a peer's process contains. */
export const measurements = {
  burst,
  cancelling,
  closedLoop,
  coldStart,
  image,
  latency,
  mapItems,
  payload,
  runEach,
  scaling,
  site,
  stuck,
  waiting,
  workerMemory,
};

export type MeasurementName = keyof typeof measurements;

/** The parameters of a measurement. */
export type ParamsOf<M extends MeasurementName> = Parameters<(typeof measurements)[M]>[1];
