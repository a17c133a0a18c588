import { coldStart, memory } from './cold-start.js';
import { jobs } from './jobs.js';
import { latency } from './latency.js';
import { map } from './map.js';
import { payload } from './payload.js';
import { queue } from './queue.js';
import { scaling } from './scaling.js';
import type { Scenario } from './scenario.js';
import { stuck } from './stuck.js';
import { tiny } from './tiny.js';

/** All scenarios, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  tiny,
  map,
  latency,
  scaling,
  payload,
  coldStart,
  memory,
  queue,
  stuck,
  jobs,
];
