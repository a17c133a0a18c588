import type { AsyncerMpService, HandlerArgs, TaskOptions } from 'nestjs-asyncermp';
import { StormService } from '../.fixtures/storm.service.js';
import type { Random } from '../support/random.js';
import { COMMON, plain, RARE, type Kind, type Plan } from './kinds.js';
import { anyOf, cancelled, timedOut } from './outcome.js';

const RARE_KINDS = Object.entries(RARE);
const WHEEL = Object.entries(COMMON).flatMap(([kind, [share, make]]) =>
  Array.from({ length: share }, (): [string, Kind] => [kind, make]),
);

/** Makes the plan of one task. Every `rareEvery`-th task costs a worker. */
export function makePlan(
  index: number,
  random: Random,
  shared: SharedArrayBuffer,
  signals: readonly AbortSignal[],
  rareEvery: number,
): Plan {
  const isRare = index % rareEvery === rareEvery - 1;
  const [kind, make] = (isRare
    ? RARE_KINDS[Math.floor(index / rareEvery) % RARE_KINDS.length]
    : WHEEL[random.below(WHEEL.length)]) ?? ['quick', plain('quick')];
  const made = make(index, random, shared);
  const options: TaskOptions = {
    priority: random.below(4) - 1,
    ...(random.below(3) === 0 && { fairnessKey: `tenant ${random.below(5)}` }),
    ...made.options,
  };
  const plan: Plan = { index, kind, ...made, options };
  return isRare || kind === 'uncloneableArgument' ? plan : stirred(plan, random, signals);
}

/** Adds what may happen to any task: it is cancelled, meets a time limit or gets another priority. */
function stirred(plan: Plan, random: Random, signals: readonly AbortSignal[]): Plan {
  const begun = (plan.options.attempts ?? 1) + (plan.options.crashAttempts ?? 1) - 1;
  switch (random.below(14)) {
    case 0: {
      const signal = signals[random.below(signals.length)];
      return signal
        ? {
            ...plan,
            options: { ...plan.options, signal },
            permitted: anyOf(plan.permitted, cancelled('signal', begun)),
          }
        : plan;
    }
    case 1:
      return {
        ...plan,
        cancelAfter: random.below(10),
        permitted: anyOf(plan.permitted, cancelled('storm', begun)),
      };
    case 2:
      return {
        ...plan,
        options: { ...plan.options, queueTimeout: 1 + random.below(30) },
        permitted: anyOf(plan.permitted, timedOut('queue', 0)),
      };
    case 3:
      return {
        ...plan,
        options: { ...plan.options, deadline: 1 + random.below(40) },
        permitted: anyOf(plan.permitted, timedOut('deadline', begun)),
      };
    case 4:
      return { ...plan, reprioritise: random.below(5) };
    default:
      return plan;
  }
}

/** Submits the task of the plan. */
export function submitPlan(mp: AsyncerMpService, { method, args, options }: Plan, more = {}) {
  return mp.submit(
    StormService,
    method,
    args as unknown as HandlerArgs<StormService, typeof method>,
    { ...options, ...more },
  );
}
