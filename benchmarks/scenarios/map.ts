import { itemTime } from './metrics.js';
import type { Scenario, ScenarioContext } from './scenario.js';

/** Many items with `map()`. */
export const map: Scenario = {
  name: 'map',
  title: 'map()',
  about:
    'Many items through `map()`, against a call for each item. Tiny items are compared with ' +
    "piscina's `run()` per item, and items of 60 µs with a loop on the main thread, where short work " +
    'usually runs.',
  whenPinned: true,
  cases: (context) => [
    items(context, 'map, tiny items', 0, context.quick ? 20_000 : 100_000),
    items(context, 'map, items of 60 µs', 60, context.quick ? 5_000 : 20_000),
  ],
};

function items(
  { processes, quick, steps }: ScenarioContext,
  name: string,
  us: number,
  count: number,
) {
  const params = { items: count, steps: steps(us) };
  return {
    name,
    metrics: [itemTime],
    contestants: [
      processes.contestant('in-process', 'runEach', params),
      processes.contestant('piscina', 'runEach', params, { name: 'piscina, run() each' }),
      processes.contestant('nestjs-asyncermp', 'runEach', params, {
        name: 'nestjs-asyncermp, call each',
      }),
      processes.contestant('nestjs-asyncermp', 'mapItems', params, {
        name: 'nestjs-asyncermp, map()',
      }),
    ],
    against: ['piscina, run() each', 'in-process'],
    rounds: quick ? 5 : 9,
    warmUps: 2,
  };
}
