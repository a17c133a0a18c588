import type { Case } from '../harness/case.js';
import { POOLS } from '../peers/index.js';
import { cpuTime, rate } from './metrics.js';
import type { Scenario, ScenarioContext } from './scenario.js';

const IN_FLIGHT = [1, 2, 16, 256] as const;
const DURATIONS_US = [0, 10, 100] as const;

/** The cost of a pool itself: the tasks do almost nothing. */
export const tiny: Scenario = {
  name: 'tiny',
  title: 'Tiny tasks',
  about:
    'A task takes a number and returns `{ uid, result }`, on 2 workers: all tasks at once, and with a fixed ' +
    'number in flight. "posted ahead" is no pool but the limit of the machine: every task is posted to a ' +
    'thread at once. "CPU" is the CPU time of all threads per task.',
  whenPinned: true,
  cases: (context) => [burst(context), ...loops(context).map((loop) => closedLoop(context, loop))],
};

function burst({ processes, quick }: ScenarioContext): Case {
  const params = { tasks: quick ? 20_000 : 100_000, steps: 0 };
  return {
    name: 'burst',
    metrics: [rate, cpuTime],
    contestants: [
      ...POOLS.map((peer) => processes.contestant(peer, 'burst', params)),
      processes.contestant(
        'nestjs-asyncermp',
        'burst',
        { ...params, withHandle: true },
        { name: 'nestjs-asyncermp, submit()' },
      ),
      processes.contestant('posted ahead', 'burst', params),
    ],
    against: ['piscina'],
    rounds: quick ? 5 : 9,
    warmUps: 2,
  };
}

interface Loop {
  readonly inFlight: number;
  readonly us: number;
}

/** With `quick`, only the cases that the targets need, and one row of longer tasks. */
function loops({ quick }: ScenarioContext): readonly Loop[] {
  return IN_FLIGHT.flatMap((inFlight) =>
    DURATIONS_US.filter((us) => !quick || us === 0 || inFlight === 16).map((us) => ({
      inFlight,
      us,
    })),
  );
}

function closedLoop({ processes, quick, steps }: ScenarioContext, { inFlight, us }: Loop): Case {
  const params = { inFlight, steps: steps(us), ms: quick ? 250 : 600 };
  return {
    name: us === 0 ? `${inFlight} in flight` : `${inFlight} in flight, ${us} µs`,
    metrics: [rate, cpuTime],
    contestants: [...POOLS, 'posted ahead' as const].map((peer) =>
      processes.contestant(peer, 'closedLoop', params),
    ),
    against: ['piscina'],
    rounds: quick ? 5 : 9,
    warmUps: 1,
  };
}
