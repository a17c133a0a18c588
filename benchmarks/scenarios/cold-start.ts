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

/** Each takes more than half a minute to measure. */
const AT_REST: readonly PeerName[] = ['piscina', 'piscina + Nest', 'nestjs-asyncermp'];

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
    'The resident set of the process with 6 workers, less that with 1, over 5. Each has run a task. "At ' +
    'rest" is fifteen seconds later: V8 gives back what loading has left behind when a thread had nothing to ' +
    'do for some eight seconds. A new process for each figure.',
  whenPinned: false,
  cases: (context) => [memoryCase(context, false), memoryCase(context, true)],
};

function memoryCase({ processes, quick }: ScenarioContext, atRest: boolean): Case {
  const params = { workers: 6, idleMs: atRest ? 15_000 : 300 };
  return {
    name: atRest ? 'memory of a worker at rest' : 'memory of a worker',
    metrics: [megabytes],
    contestants: (atRest ? AT_REST : PEERS).map((peer) =>
      processes.fresh(peer, 'workerMemory', params),
    ),
    against: ['piscina + Nest', 'piscina'],
    rounds: quick ? 3 : 7,
    // An image is there after one start of the application.
    warmUps: atRest ? 0 : 1,
  };
}
