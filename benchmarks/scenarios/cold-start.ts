import type { Case } from '../harness/case.js';
import type { PeerName } from '../peers/index.js';
import { megabytes, time } from './metrics.js';
import type { Scenario, ScenarioContext } from './scenario.js';

const PEERS: readonly PeerName[] = [
  'worker_threads',
  'piscina',
  'piscina + Nest',
  'piscina + Nest, 20 providers',
  'nestjs-asyncermp',
  'nestjs-asyncermp, 20 providers',
];

/** Without the image that an earlier start of the application has left: the warm-up round leaves one. */
const FIRST_START: PeerName = 'nestjs-asyncermp, first start ever';

/** A worker that is not there yet. */
export const coldStart: Scenario = {
  name: 'cold-start',
  title: 'Cold start',
  about:
    'From the submission to the first result in a process that has no worker yet; the application has ' +
    'booted. "piscina + Nest" is what one writes by hand to have injection in a worker: an application ' +
    'context in each. A new process for each figure; the application was started before, and "first start ' +
    'ever" is one that was not.',
  whenPinned: true,
  cases: (context) => [first(context, 1), first(context, 2)],
};

function first({ processes, quick }: ScenarioContext, atOnce: number): Case {
  return {
    name: atOnce === 1 ? 'first result' : 'first results of two workers at once',
    metrics: [time],
    contestants: [...PEERS, FIRST_START].map((peer) =>
      processes.fresh(peer, 'coldStart', { atOnce }),
    ),
    against: ['piscina + Nest', 'piscina'],
    rounds: quick ? 5 : 9,
    warmUps: 1,
  };
}

/** What a worker takes. */
export const memory: Scenario = {
  name: 'memory',
  title: 'Memory of a worker',
  about:
    'The resident set of the process with 6 workers, less that with 1, over 5. Each has run a task. A ' +
    'new process for each figure.',
  whenPinned: false,
  cases: ({ processes, quick }) => [
    {
      name: 'memory of a worker',
      metrics: [megabytes],
      contestants: PEERS.map((peer) => processes.fresh(peer, 'workerMemory', { workers: 6 })),
      against: ['piscina + Nest', 'piscina'],
      rounds: quick ? 3 : 7,
      warmUps: 1,
    },
  ],
};
