import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import {
  TaskCancelledError,
  TaskEvent,
  TaskTimeoutError,
  type TaskStartedEvent,
} from 'nestjs-asyncermp';
import { describe, expect, it, vi } from 'vitest';
import { PressService } from '../.fixtures/press.service.js';
import { rejectionOf, thrownBy, turns } from '../support/outcomes.js';
import { listOf, setUp } from './bench.js';

describe('hold()', () => {
  it('keeps tasks running, and calls their handlers only after release', async () => {
    const { mp, testing, press } = await setUp();
    testing.hold();
    const task = await mp.submit(PressService, 'print', ['a'], { uid: 'first' });
    const [held] = await testing.untilHeld();
    expect(held).toMatchObject({
      uid: 'first',
      handler: 'PressService.print',
      attempt: 1,
      args: ['a'],
    });
    expect(task.state).toBe('running');
    expect(press.calls).toEqual([]);
    testing.release();
    await expect(task.result).resolves.toBe('A');
    expect(testing.held).toEqual([]);
  });

  it('lets tasks be released one by one, by priority and then by submission', async () => {
    const { mp, testing, press } = await setUp();
    testing.hold();
    const results = ['a', 'b', 'c'].map((page) =>
      mp.run(PressService, 'print', [page], { priority: page === 'c' ? 1 : 0 }),
    );
    for (const expected of [['a'], ['a', 'c'], ['a', 'c', 'b']]) {
      await testing.untilHeld();
      testing.release();
      await testing.next(TaskEvent.Completed);
      expect(press.calls).toEqual(expected);
    }
    await Promise.all(results);
  });

  it('never holds more tasks than maxProcesses', async () => {
    const { mp, testing } = await setUp(2);
    testing.hold();
    const results = ['a', 'b', 'c'].map((page) => mp.run(PressService, 'print', [page]));
    const held = await testing.untilHeld(2);
    expect(held.map(({ args }) => args)).toEqual([['a'], ['b']]);
    expect(mp.stats()).toMatchObject({ running: 2, waiting: 1 });
    testing.releaseAll();
    await expect(Promise.all(results)).resolves.toEqual(['A', 'B', 'C']);
  });

  it('never holds more tasks of a handler than its concurrency', async () => {
    const { mp, testing } = await setUp(3);
    testing.hold(PressService, 'printAlone');
    const results = ['a', 'b'].map((page) => mp.run(PressService, 'printAlone', [page]));
    await testing.untilHeld();
    await expect(mp.run(PressService, 'print', ['other'])).resolves.toBe('OTHER');
    expect(testing.held.map(({ args }) => args)).toEqual([['a']]);
    testing.release();
    const [next] = await testing.untilHeld();
    expect(next?.args).toEqual(['b']);
    testing.releaseAll();
    await Promise.all(results);
  });

  it('holds one handler, by class and method or by name, and lets other handlers run', async () => {
    const { mp, testing, press } = await setUp(2);
    testing.hold(PressService, 'print');
    testing.hold('PressService.bind');
    const held = [press.print('a'), press.bind({ titles: 1 })];
    await testing.untilHeld(2);
    testing.releaseAll();
    await Promise.all(held);
    testing.hold('PressService.bind');
    await expect(mp.run(PressService, 'print', ['b'])).resolves.toBe('B');
  });

  it('lets a chosen task be released first', async () => {
    const { testing, press } = await setUp(2);
    testing.hold();
    const both = [press.print('a'), press.print('b')];
    const [, second] = await testing.untilHeld(2);
    second?.release();
    await both[1];
    expect(press.calls).toEqual(['b']);
    testing.releaseAll();
    await both[0];
  });

  it('never lets a task wait behind a held one while another worker is free', async () => {
    const { mp, testing } = await setUp(2);
    // Enough short runs for the scheduler to think this handler short, and to send its tasks ahead.
    for (let run = 0; run < 8; run++) {
      await mp.run(PressService, 'print', ['warm']);
    }
    testing.hold();
    // The timer that would look after them later is never due.
    vi.useFakeTimers();
    const results = ['a', 'b', 'c', 'd'].map((page) => mp.run(PressService, 'print', [page]));
    vi.useRealTimers();
    const [, second] = await testing.untilHeld(2);
    second?.release();
    await results[1];
    const held = await testing.untilHeld(2);
    expect(held.map(({ args }) => args[0])).toEqual(['a', 'c']);
    testing.releaseAll();
    await Promise.all(results);
  });

  it('holds each item of map() separately', async () => {
    const { mp, testing, press } = await setUp();
    testing.hold();
    const items = ['a', 'b'].map((page) => [page] as const);
    const all = listOf(mp.map(PressService, 'print', items, { chunk: 2 }));
    const [first] = await testing.untilHeld();
    expect(first?.args).toEqual(['a']);
    testing.release();
    const [second] = await testing.untilHeld();
    expect(second?.args).toEqual(['b']);
    expect(press.calls).toEqual(['a']);
    testing.release();
    await expect(all).resolves.toEqual(['A', 'B']);
  });
});

describe('a held task', () => {
  it('ends at once if it is cancelled, and its handler is never called', async () => {
    const { mp, testing, press } = await setUp();
    testing.hold();
    const task = await mp.submit(PressService, 'print', ['a']);
    await testing.untilHeld();
    task.cancel('enough');
    const error = await rejectionOf(task.result);
    expect(error).toBeInstanceOf(TaskCancelledError);
    expect(error).toMatchObject({ cause: 'enough' });
    expect(testing.held).toEqual([]);
    testing.releaseAll();
    await expect(press.print('b')).resolves.toBe('B');
    expect(press.calls).toEqual(['b']);
  });

  it('times out, and is retried', async () => {
    const { mp, testing, press } = await setUp();
    testing.hold();
    const options = { timeout: 20, attempts: 2 };
    const error = await rejectionOf(mp.run(PressService, 'print', ['a'], options));
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(error).toMatchObject({ phase: 'run', limit: 20 });
    expect(testing.eventsOf(TaskEvent.Started).map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(press.calls).toEqual([]);
  });

  it('is not listed if a listener of its start cancelled it', async () => {
    const { module, mp, testing } = await setUp(1, EventEmitterModule.forRoot());
    module.get(EventEmitter2).on(TaskEvent.Started, ({ uid }: TaskStartedEvent) => mp.cancel(uid));
    testing.hold();
    const error = await rejectionOf(mp.run(PressService, 'print', ['a']));
    expect(error).toBeInstanceOf(TaskCancelledError);
    await turns(2);
    expect(testing.held).toEqual([]);
    expect(mp.stats().running).toBe(0);
  });
});

describe('release()', () => {
  it('throws if fewer tasks are held, names them, and releases none', async () => {
    const { testing, press } = await setUp();
    expect(thrownBy(() => testing.release())).toMatchObject({
      message: expect.stringContaining('0 tasks were held'),
    });
    testing.hold();
    const printing = press.print('a');
    await testing.untilHeld();
    expect(thrownBy(() => testing.release(2))).toMatchObject({
      message: expect.stringContaining('PressService.print'),
    });
    expect(testing.held).toHaveLength(1);
    testing.release();
    await printing;
  });
});

describe('reset()', () => {
  it('releases held tasks, drops holds, faults and events, and rejects pending calls', async () => {
    const { testing, press } = await setUp();
    testing.hold();
    testing.failNext(PressService, 'print', new Error('never'), { times: Infinity });
    const first = press.printAlone('a');
    await testing.untilHeld();
    const waitsForHeld = rejectionOf(testing.untilHeld(2));
    const waitsForEvent = rejectionOf(
      testing.next('asyncermp.task.cancelled', 'PressService.print'),
    );
    testing.reset();
    expect(await waitsForHeld).toMatchObject({ message: expect.stringContaining('untilHeld(2)') });
    expect(await waitsForEvent).toMatchObject({
      message: expect.stringContaining('asyncermp.task.cancelled of PressService.print'),
    });
    expect(testing.events).toEqual([]);
    await first;
    await expect(press.print('b')).resolves.toBe('B');
    expect(testing.eventsOf('asyncermp.task.completed', 'PressService.print')).toHaveLength(1);
  });
});
