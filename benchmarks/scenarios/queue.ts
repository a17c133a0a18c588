import type { Case, Contestant } from '../harness/case.js';
import type { Priorities } from '../measurements/waiting.js';
import { bytes, held, settled, submitTime } from './metrics.js';
import type { Scenario, ScenarioContext } from './scenario.js';

const PRIORITIES: readonly Priorities[] = ['one', 'few', 'any'];
const CANCELLED = 100_000;

/** Waiting tasks. */
export const queue: Scenario = {
  name: 'queue',
  title: 'The queue',
  about:
    'Tasks that wait for a worker: the time to submit one, and the heap per task, including the promise of ' +
    'its caller. Then all of them are cancelled. Each figure is from a new process.',
  whenPinned: true,
  cases: (context) => [
    ...[10_000, 100_000, 1_000_000].map((tasks) => waiting(context, tasks)),
    cancelling(context),
  ],
};

function waiting({ processes, quick }: ScenarioContext, tasks: number): Case {
  // A million tasks take piscina half a minute in every round.
  const withPiscina = !quick || tasks < 1_000_000;
  const withPriorities = (priorities: Priorities): Contestant =>
    processes.fresh(
      'nestjs-asyncermp',
      'waiting',
      { tasks, priorities },
      { name: `nestjs-asyncermp${NAMES[priorities]}` },
    );
  return {
    name: `${tasks.toLocaleString('en')} waiting`,
    metrics: [submitTime, bytes],
    contestants: [
      ...(withPiscina
        ? [processes.fresh('piscina', 'waiting', { tasks, priorities: 'one' as const })]
        : []),
      ...PRIORITIES.map(withPriorities),
    ],
    against: withPiscina ? ['piscina'] : [],
    rounds: quick || tasks === 1_000_000 ? 3 : 7,
    warmUps: 0,
  };
}

const NAMES: Readonly<Record<Priorities, string>> = {
  one: '',
  few: ', 8 priorities',
  any: ', random priorities',
};

function cancelling({ processes, quick }: ScenarioContext): Case {
  const by = { signals: 'a signal each', one: 'one signal', handles: 'handles' } as const;
  return {
    name: `cancelling ${CANCELLED.toLocaleString('en')} waiting`,
    metrics: [held, settled],
    contestants: [
      processes.fresh(
        'piscina',
        'cancelling',
        { tasks: CANCELLED, by: by.signals },
        { name: 'piscina, a signal each' },
      ),
      ...Object.values(by).map((way) =>
        processes.fresh(
          'nestjs-asyncermp',
          'cancelling',
          { tasks: CANCELLED, by: way },
          { name: `nestjs-asyncermp, ${way}` },
        ),
      ),
    ],
    against: ['piscina, a signal each'],
    rounds: quick ? 2 : 5,
    warmUps: 0,
  };
}
