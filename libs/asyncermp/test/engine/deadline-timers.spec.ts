import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../src/protocol/monotonic-clock.js';
import {
  DeadlineTimers,
  type DeadlineTimersOptions,
  type TimerNode,
} from '../../src/engine/deadline-timers.js';
import { FakeClock } from './fake-clock.js';
import { collectGarbage, heapGrowth } from './garbage.js';

interface Named {
  readonly name: string;
}

let clock: FakeClock;
let due: string[];
let onDue: (value: Named) => void;
beforeEach(() => {
  clock = new FakeClock();
  due = [];
  onDue = ({ name }) => due.push(name);
});

function timers(options: DeadlineTimersOptions = clock): DeadlineTimers<Named> {
  return new DeadlineTimers<Named>((value) => onDue(value), options);
}

describe('a deadline', () => {
  it('is told once, at most a tick after it passed and never before', () => {
    const all = timers();
    all.add(clock.now() + 50, { name: 'a' });
    clock.advance(49.99);
    expect(due).toEqual([]);
    clock.advance(5.01);
    expect(due).toEqual(['a']);
    clock.advance(1_000);
    expect(due).toEqual(['a']);
    expect(all.size).toBe(0);
  });

  it('is not told early by a timer that rings early', () => {
    clock = new FakeClock(0.9);
    const at = clock.now() + 21;
    timers().add(at, { name: 'a' });
    onDue = () => expect(clock.now()).toBeGreaterThanOrEqual(at);
    clock.advance(100);
    expect.assertions(1);
  });

  it('that is past already is told soon, but not during the call', () => {
    timers().add(clock.now() - 1_000, { name: 'past' });
    expect(due).toEqual([]);
    clock.advance(1);
    expect(due).toEqual(['past']);
  });

  it('comes before later ones, whatever the order of addition', () => {
    const all = timers();
    for (const ms of [90, 10, 50, 30, 70]) {
      all.add(clock.now() + ms, { name: `${ms}` });
    }
    clock.advance(1_000);
    expect(due).toEqual(['10', '30', '50', '70', '90']);
  });

  it('that is called off is never told, and can be called off only once', () => {
    const all = timers();
    const nodes = ['a', 'b', 'c'].map((name) => all.add(clock.now() + 10, { name }));
    expect(nodes.slice(1).map((node) => all.cancel(node))).toEqual([true, true]);
    expect(nodes.slice(1).map((node) => all.cancel(node))).toEqual([false, false]);
    expect(all.size).toBe(1);
    clock.advance(100);
    expect(due).toEqual(['a']);
    expect(nodes.map((node) => all.cancel(node))).toEqual([false, false, false]);
    expect(all.size).toBe(0);
  });

  it('beyond the longest delay of a Node timer is told at its time', () => {
    const farMs = 100 * 24 * 3_600_000;
    timers().add(clock.now() + farMs, { name: 'far' });
    clock.advance(farMs - 1);
    expect(due).toEqual([]);
    clock.advance(6);
    expect(due).toEqual(['far']);
    expect(Math.max(...clock.delays)).toBe(2 ** 31 - 1);
  });
});

describe('the Node timer', () => {
  it('is one for any number of deadlines, and none where there are none', () => {
    const all = timers();
    expect(clock.armed).toBe(0);
    for (let ms = 1_000; ms > 0; ms -= 1) {
      all.add(clock.now() + ms, { name: '' });
    }
    expect(clock.armed).toBe(1);
    clock.advance(500);
    expect(clock.armed).toBe(1);
    clock.advance(1_000);
    expect(clock.armed).toBe(0);
  });

  it('rings once for a deadline, also where that is no whole number of milliseconds away', () => {
    timers().add(clock.now() + 50.5, { name: 'a' });
    clock.advance(100);
    expect([clock.scheduled, due]).toEqual([1, ['a']]);
  });

  it('is not set anew for each short task with a long limit', () => {
    const all = timers();
    for (let task = 0; task < 1_000; task += 1) {
      const node = all.add(clock.now() + 10_000, { name: 'limit' });
      clock.advance(3);
      all.cancel(node);
    }
    expect(clock.scheduled).toBe(1);
    clock.advance(20_000);
    expect([clock.scheduled, clock.armed, due]).toEqual([1, 0, []]);
  });

  it.each([false, true])(
    'with ref %s holds the process if so and while there is a deadline',
    (ref) => {
      const { now, schedule } = clock;
      const all = timers({ now, schedule, ref });
      for (let task = 0; task < 100; task += 1) {
        const nodes = [10_000, 20_000].map((ms) => all.add(clock.now() + ms, { name: 'limit' }));
        expect(clock.holds).toBe(ref);
        for (const [index, node] of nodes.entries()) {
          all.cancel(node);
          expect(clock.holds).toBe(ref && index === 0);
        }
      }
      expect(clock.scheduled).toBe(1);
      all.add(clock.now() + 20_000, { name: 'a' });
      clock.advance(15_000);
      expect(clock.holds).toBe(ref);
      clock.advance(10_000);
      expect([due, clock.holds, clock.armed]).toEqual([['a'], false, 0]);
    },
  );

  it('is let go of by a close, which calls every deadline off', () => {
    const all = timers();
    const nodes = [5, 5, 900].map((ms) => all.add(clock.now() + ms, { name: 'a' }));
    all.close();
    expect([all.size, clock.armed]).toEqual([0, 0]);
    expect(nodes.map((node) => all.cancel(node))).toEqual([false, false, false]);
    clock.advance(1_000);
    expect(due).toEqual([]);
    all.add(clock.now() + 5, { name: 'afresh' });
    clock.advance(10);
    expect(due).toEqual(['afresh']);
  });
});

describe('a callback', () => {
  it('may call off what is due at the same time', () => {
    const all = timers();
    const nodes: TimerNode<Named>[] = [];
    onDue = ({ name }) => {
      due.push(name);
      for (const node of nodes) {
        all.cancel(node);
      }
    };
    for (const name of ['a', 'b', 'c']) {
      nodes.push(all.add(clock.now() + 8, { name }));
    }
    clock.advance(100);
    expect([due, all.size, clock.armed]).toEqual([['a'], 0, 0]);
  });

  it('may add, also what is due already, without keeping the event loop', () => {
    const all = timers();
    onDue = ({ name }) => {
      due.push(name);
      all.add(clock.now() - 1, { name });
    };
    all.add(clock.now() + 8, { name: 'again' });
    clock.advance(32);
    expect(due.length).toBeGreaterThanOrEqual(4);
    expect(due.length).toBeLessThanOrEqual(9);
    expect(clock.armed).toBe(1);
  });

  it('may close everything, and start afresh', () => {
    const all = timers();
    onDue = ({ name }) => {
      due.push(name);
      if (name === 'a') {
        all.close();
        all.add(clock.now() + 8, { name: 'c' });
      }
    };
    for (const name of ['a', 'b']) {
      all.add(clock.now() + 8, { name });
    }
    clock.advance(100);
    expect([due, all.size, clock.armed]).toEqual([['a', 'c'], 0, 0]);
  });
});

describe('a callback that throws', () => {
  // The test runner listens, too, and would count what is thrown on purpose as its own failure.
  const ownListeners = process.listeners('uncaughtException');
  afterEach(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of ownListeners) {
      process.on('uncaughtException', listener);
    }
  });

  it('does not keep the others from being told, and is not silenced', async () => {
    process.removeAllListeners('uncaughtException');
    const uncaught: unknown[] = [];
    process.on('uncaughtException', (error) => uncaught.push(error));
    const all = timers();
    onDue = ({ name }) => {
      due.push(name);
      if (name !== 'b') {
        throw new Error(name);
      }
    };
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
      all.add(clock.now() + (index < 3 ? 8 : 20), { name });
    }
    clock.advance(100);
    expect(due).toEqual(['a', 'b', 'c', 'd']);
    expect(clock.armed).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(uncaught.map(String)).toEqual(['Error: a', 'Error: c', 'Error: d']);
  });
});

describe('with the real clock', () => {
  it('tells at its time', async () => {
    const at = monotonicMs() + 20;
    const told = await new Promise<number>((resolve) => {
      new DeadlineTimers(() => resolve(monotonicMs()), { ref: true }).add(at, {});
    });
    expect(told).toBeGreaterThanOrEqual(at);
  });

  it('holds the process only if asked to, and only while there is a deadline to come', () => {
    const held = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = held();
    const free = timers({});
    free.add(monotonicMs() + 60_000, { name: 'a' });
    expect(held()).toBe(before);
    const holding = timers({ ref: true });
    const node = holding.add(monotonicMs() + 60_000, { name: 'a' });
    expect(held()).toBe(before + 1);
    holding.cancel(node);
    expect(held()).toBe(before);
    holding.add(monotonicMs() + 60_000, { name: 'a' });
    expect(held()).toBe(before + 1);
    holding.close();
    free.close();
    expect(held()).toBe(before);
  });
});

describe('memory', () => {
  it('holds nothing of what was called off, though its node is kept', async () => {
    const all = timers();
    const values: WeakRef<Named>[] = [];
    const nodes = [5, 5, 5, 90].map((ms) => {
      const value = { name: 'big' };
      values.push(new WeakRef(value));
      return all.add(clock.now() + ms, value);
    });
    for (const node of nodes.slice(1)) {
      all.cancel(node);
    }
    await collectGarbage();
    expect(values.map((value) => value.deref()?.name)).toEqual([
      'big',
      undefined,
      undefined,
      undefined,
    ]);
    expect(nodes).toHaveLength(4);
  });

  it('does not hold, by a node that is kept, those that stood beside it', async () => {
    const all = timers();
    const [gone, kept] = cancelledNeighbours(all);
    await collectGarbage();
    expect(gone.map((node) => node.deref())).toEqual([undefined, undefined]);
    expect(all.cancel(kept)).toBe(false);
  });

  it('keeps no ticks that never come back', async () => {
    const all = timers();
    const value = { name: 'a' };
    all.add(clock.now(), value);
    const growth = await heapGrowth(() => {
      const nodes: TimerNode<Named>[] = [];
      for (let ms = 0; ms < 400_000; ms += 4) {
        nodes.push(all.add(clock.now() + ms, value));
      }
      for (const node of nodes) {
        all.cancel(node);
      }
    });
    expect(growth).toBeLessThan(2_000_000);
    expect(all.size).toBe(1);
  });
});

function cancelledNeighbours(
  all: DeadlineTimers<Named>,
): [gone: WeakRef<TimerNode<Named>>[], kept: TimerNode<Named>] {
  const before = all.add(clock.now(), { name: 'before' });
  const kept = all.add(clock.now(), { name: 'kept' });
  const after = all.add(clock.now(), { name: 'after' });
  for (const node of [kept, before, after]) {
    all.cancel(node);
  }
  return [[new WeakRef(before), new WeakRef(after)], kept];
}
