import type { Case } from '../harness/case.js';
import type { MeasurementName, ParamsOf } from '../measurements/index.js';
import { loopDelays, time } from './metrics.js';
import type { Scenario, ScenarioContext } from './scenario.js';

/** Realistic jobs for a pool. */
export const jobs: Scenario = {
  name: 'jobs',
  title: 'Real jobs',
  about:
    "The demo's Markdown site (READMEs of the installed packages become HTML with coloured code), and " +
    'full HD pictures that are blurred and transferred: on the main thread, with hand-written piscina, ' +
    'and with this library.',
  whenPinned: false,
  cases: (context) => [
    job(context, 'site', 'Markdown site', { documents: context.quick ? 60 : 200 }),
    job(context, 'image', 'image blur', { pictures: context.quick ? 8 : 24 }),
  ],
};

function job<M extends MeasurementName & ('site' | 'image')>(
  { processes, quick }: ScenarioContext,
  measurement: M,
  name: string,
  params: ParamsOf<M>,
): Case {
  return {
    name,
    metrics: [time, ...loopDelays],
    contestants: (['in-process', 'piscina', 'nestjs-asyncermp'] as const).map((way) =>
      processes.contestant(`${measurement} ${way}` as const, measurement, params, { name: way }),
    ),
    against: ['in-process', 'piscina'],
    rounds: quick ? 3 : 7,
    warmUps: 1,
  };
}
