import type { Case } from '../harness/case.js';
import { POOLS } from '../peers/index.js';
import { loopDelays, time } from './metrics.js';
import type { Scenario, ScenarioContext } from './scenario.js';

const TASKS = 8;
const TASK_MS = 300;

/** Long tasks on one core and on two. */
export const scaling: Scenario = {
  name: 'scaling',
  title: 'CPU-bound tasks',
  about:
    `${TASKS} tasks of about ${TASK_MS} ms. "two bare threads" is the limit of the machine: each gets ` +
    'half of the work in one message. Loop delays are from `monitorEventLoopDelay()` with a resolution ' +
    'of 1 ms, so that an idle loop shows a little more than 1 ms.',
  whenPinned: false,
  cases: (context) => [onWorkers(context, 1), onWorkers(context, 2)],
};

function onWorkers({ processes, quick, steps }: ScenarioContext, workers: number): Case {
  const params = { tasks: TASKS, steps: steps(TASK_MS * 1_000) };
  const whole = { tasks: workers, steps: (params.steps * TASKS) / workers };
  const limit = workers === 1 ? 'one bare thread' : 'two bare threads';
  return {
    name: `${TASKS} × ${TASK_MS} ms, ${workers === 1 ? '1 worker' : `${workers} workers`}`,
    metrics: [time, ...loopDelays],
    contestants: [
      processes.contestant('in-process', 'scaling', params),
      processes.contestant('worker_threads', 'scaling', whole, { name: limit, workers }),
      ...POOLS.map((peer) => processes.contestant(peer, 'scaling', params, { workers })),
    ],
    against: [limit, 'in-process'],
    rounds: quick ? 3 : 7,
    warmUps: 1,
  };
}
