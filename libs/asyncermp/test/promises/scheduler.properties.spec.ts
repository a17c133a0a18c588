import * as fc from 'fast-check';
import { it } from 'vitest';
import type { ModelLane } from './model-lane.js';
import { ModelWorld, type Mischief } from './model-world.js';

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
  isUnsendable: fc.nat(9).map((share) => share === 0),
  signalIndex: fc.option(fc.nat(5), { nil: undefined, freq: 2 }),
  priority,
  attempts: fc.integer({ min: 1, max: 3 }),
  crashAttempts: fc.integer({ min: 1, max: 2 }),
});

/** What code of the user does in the middle of whatever calls it. */
const mischief: fc.Arbitrary<[what: string, act: Mischief]> = fc.oneof(
  pick.map((index): [string, Mischief] => [`cancel ${index}`, (world) => world.cancel(index)]),
  pick.map((index): [string, Mischief] => [`abort ${index}`, (world) => world.abort(index)]),
  submission.map(({ isBounded, ...options }): [string, Mischief] => [
    `submit ${JSON.stringify({ isBounded, ...options })}`,
    (world) => void world.submit(isBounded, options),
  ]),
  fc
    .tuple(pick, priority)
    .map(([index, level]): [string, Mischief] => [
      `reprioritise ${index} ${level}`,
      (world) => world.reprioritise(index, level),
    ]),
  fc
    .boolean()
    .map((isPaused): [string, Mischief] => [`pause ${isPaused}`, (world) => world.pause(isPaused)]),
  fc
    .integer({ min: 1, max: 4 })
    .map((limit): [string, Mischief] => [`resize ${limit}`, (world) => world.resize(limit)]),
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: submission.map(
      ({ isBounded, ...options }) =>
        new Step(`submit ${JSON.stringify({ isBounded, ...options })}`, (world) => {
          // It may wait for room, so that it is not awaited.
          void world.submit(isBounded, options);
        }),
    ),
  },
  { weight: 5, arbitrary: onLane('ready', (_, lane) => lane.becomeReady()) },
  { weight: 8, arbitrary: onLane('begin', (_, lane) => lane.begin()) },
  { weight: 3, arbitrary: onLane('begin unreported', (_, lane) => lane.begin(false)) },
  { weight: 6, arbitrary: onLane('complete', (world, lane) => world.finish(lane, true)) },
  { weight: 3, arbitrary: onLane('fail', (world, lane) => world.finish(lane, false)) },
  { weight: 2, arbitrary: onLane('die', (world, lane) => world.die(lane)) },
  {
    weight: 3,
    arbitrary: pick.map((index) => new Step(`cancel ${index}`, (world) => world.cancel(index))),
  },
  {
    weight: 1,
    arbitrary: pick.map((index) => new Step(`abort ${index}`, (world) => world.abort(index))),
  },
  {
    weight: 4,
    arbitrary: mischief.map(([what, act]) => new Step(`arm: ${what}`, (world) => world.arm(act))),
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

for (const [title, runMs, maxTasksPerWorker, maxQueue] of [
  ['long tasks are sent in the order of the queue, one to a worker', 1_000, Infinity, Infinity],
  ['short tasks are prefetched within the bound and in their order', 0.001, Infinity, Infinity],
  ['workers are replaced after two tasks, without surplus workers at the end', 1_000, 2, Infinity],
  ['submissions wait for room in a short queue', 0.001, Infinity, 2],
] as const) {
  it(`random steps, and code of the user that cancels, aborts and submits inside of listeners, retryOn and getters: ${title}; each task settles once; the books are right after every step; no permit leaks`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 150 }), async (all) => {
        const world = new ModelWorld(2, runMs, maxTasksPerWorker, maxQueue);
        for (const step of all) {
          await step.act(world);
          // What came in one turn is sent at its end.
          await Promise.resolve();
          world.check();
        }
        await world.comeToRest();
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 150) },
    );
  });
}
