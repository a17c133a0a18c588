import * as fc from 'fast-check';
import { it } from 'vitest';
import type { ModelLane } from './model-lane.js';
import { ModelWorld } from './model-world.js';

/** Something that happens, and what it is called in a counterexample. */
class Step {
  readonly #text: string;

  constructor(
    text: string,
    readonly act: (world: ModelWorld) => void | Promise<void>,
  ) {
    this.#text = text;
  }

  [fc.toStringMethod](): string {
    return this.#text;
  }
}

const pick = fc.nat(1_000);
const priority = fc.integer({ min: -1, max: 2 });

/** To one of the lanes that there are. */
const onLane = (what: string, act: (world: ModelWorld, lane: ModelLane) => unknown) =>
  pick.map(
    (index) =>
      new Step(`${what} ${index}`, (world) => {
        const lane = world.present[index % Math.max(1, world.present.length)];
        if (lane) {
          act(world, lane);
        }
      }),
  );

const submission = fc.record({
  isBounded: fc.boolean(),
  priority,
  attempts: fc.integer({ min: 1, max: 3 }),
  crashAttempts: fc.integer({ min: 1, max: 2 }),
});

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: submission.map(
      ({ isBounded, ...options }) =>
        new Step(`submit ${JSON.stringify({ isBounded, ...options })}`, (world) =>
          world.submit(isBounded, options),
        ),
    ),
  },
  { weight: 5, arbitrary: onLane('ready', (_, lane) => lane.becomeReady()) },
  { weight: 10, arbitrary: onLane('begin', (_, lane) => lane.begin()) },
  { weight: 6, arbitrary: onLane('complete', (world, lane) => world.finish(lane, true)) },
  { weight: 3, arbitrary: onLane('fail', (world, lane) => world.finish(lane, false)) },
  { weight: 2, arbitrary: onLane('die', (world, lane) => world.die(lane)) },
  {
    weight: 3,
    arbitrary: pick.map((index) => new Step(`cancel ${index}`, (world) => world.cancel(index))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(pick, priority)
      .map(
        ([index, level]) =>
          new Step(`reprioritise ${index} ${level}`, (world) => world.reprioritise(index, level)),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 4 })
      .map((limit) => new Step(`resize ${limit}`, (world) => world.resize(limit))),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((is) => new Step(`pause ${is}`, (world) => world.pause(is))),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      new Step('time', () => new Promise((resolve) => setTimeout(resolve, 2))),
    ),
  },
);

for (const [title, runMs, maxTasksPerWorker] of [
  ['long tasks are sent in the order of the queue, one to a worker', 1_000, Infinity],
  ['short tasks are prefetched within the bound and in their order', 0.001, Infinity],
  ['workers are replaced after two tasks, without surplus workers at the end', 1_000, 2],
] as const) {
  it(`random steps: ${title}; each task settles once; no permit leaks`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 150 }), async (all) => {
        const world = new ModelWorld(2, runMs, maxTasksPerWorker);
        for (const step of all) {
          await step.act(world);
          world.check();
        }
        await world.comeToRest();
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 150) },
    );
  });
}
