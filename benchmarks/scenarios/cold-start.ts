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

/** Only three peers, since each takes more than half a minute to measure. */
const AT_REST: readonly PeerName[] = ['piscina', 'piscina + Nest', 'nestjs-asyncermp'];

/** The start of the first worker. */
export const coldStart: Scenario = {
  name: 'cold-start',
  title: 'Cold start',
  about:
    'From the submission to the first result in a process without workers. The application has booted. ' +
    '"piscina + Nest" is hand-written injection: an application context in each worker. Each figure is ' +
    'from a new process.',
  whenPinned: true,
  cases: (context) => [first(context, 1), first(context, 2)],
};

function first({ processes, quick }: ScenarioContext, atOnce: number): Case {
  return {
    name: atOnce === 1 ? 'first result' : 'first results of two workers at once',
    metrics: [time],
    contestants: PEERS.map((peer) => processes.fresh(peer, 'coldStart', { atOnce })),
    against: ['piscina + Nest', 'piscina'],
    rounds: quick ? 5 : 9,
    warmUps: 1,
  };
}

/** The memory of a worker. */
export const memory: Scenario = {
  name: 'memory',
  title: 'Memory of a worker',
  about:
    'The resident set of the process with 6 workers minus that with 1, divided by 5. Each worker has run a ' +
    'task. "At rest" is fifteen seconds later: V8 frees the memory that loading has left behind after a ' +
    'thread was idle for some eight seconds. Each figure is from a new process.',
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
    warmUps: atRest ? 0 : 1,
  };
}
