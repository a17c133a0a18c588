import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineTimers, type TimerNode } from '../../src/engine/deadline-timers.js';
import { FakeClock } from './fake-clock.js';

interface Deadline {
  readonly at: number;
  readonly addedAt: number;
  state: 'waiting' | 'cancelled' | 'due';
}

const TICK_MS = 4;
// A whole number of milliseconds to sleep, at least 1, and once more after a timer that rang early.
const SLACK_MS = 3;

const ms = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      delay: fc.oneof(ms(-20, 60), fc.integer({ min: -2, max: 20 }), ms(2 ** 31, 2 ** 33)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('advance' as const), by: ms(0, 30) }) },
);

describe('DeadlineTimers, whatever happens to them', () => {
  it('tell every deadline that stands, once, in its time and in order', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 100, size: 'max' }),
        fc.constantFrom(0, 0.9),
        fc.boolean(),
        (operations, earlyMs, ref) => {
          const clock = new FakeClock(earlyMs);
          const told: Deadline[] = [];
          const timers = new DeadlineTimers<Deadline>(
            (deadline) => {
              const { at, addedAt, state } = deadline;
              expect(state).toBe('waiting');
              expect(clock.now()).toBeGreaterThanOrEqual(at);
              expect(clock.now()).toBeLessThanOrEqual(Math.max(at, addedAt) + TICK_MS + SLACK_MS);
              deadline.state = 'due';
              told.push(deadline);
            },
            { now: clock.now, schedule: clock.schedule, ref },
          );
          const all: { deadline: Deadline; node: TimerNode<Deadline> }[] = [];
          const waiting = () => all.filter(({ deadline }) => deadline.state === 'waiting');
          for (const step of operations) {
            if (step.kind === 'advance') {
              clock.advance(step.by);
            }
            if (step.kind === 'add') {
              const addedAt = clock.now();
              const deadline: Deadline = { at: addedAt + step.delay, addedAt, state: 'waiting' };
              all.push({ deadline, node: timers.add(deadline.at, deadline) });
            }
            if (step.kind === 'cancel') {
              const chosen = all[step.pick % all.length];
              if (chosen === undefined) {
                continue;
              }
              expect(timers.cancel(chosen.node)).toBe(chosen.deadline.state === 'waiting');
              if (chosen.deadline.state === 'waiting') {
                chosen.deadline.state = 'cancelled';
              }
            }
            expect(timers.size).toBe(waiting().length);
            expect(clock.armed).toBeLessThanOrEqual(1);
            expect(clock.holds).toBe(ref && waiting().length > 0);
            for (const { deadline } of waiting()) {
              const latest = Math.max(deadline.at, deadline.addedAt) + TICK_MS + SLACK_MS;
              expect(clock.now()).toBeLessThanOrEqual(latest);
            }
          }
          clock.advance(2 ** 34);
          expect([waiting().length, timers.size, clock.armed]).toEqual([0, 0, 0]);
          const future = told.filter(({ at, addedAt }) => at > addedAt);
          for (const [index, { at }] of future.entries()) {
            expect(at).toBeLessThan((future[index + 1]?.at ?? Infinity) + TICK_MS);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
