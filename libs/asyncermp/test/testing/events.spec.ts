import { TaskEvent } from 'nestjs-asyncermp';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { describe, expect, it } from 'vitest';
import { PressService } from '../.fixtures/press.service.js';
import { setUp } from './bench.js';

describe('events of AsyncerMpTestingService', () => {
  it('are recorded in order, with and without an EventEmitterModule', async () => {
    for (const imports of [[], [EventEmitterModule.forRoot()]]) {
      const { testing, press } = await setUp(1, ...imports);
      testing.failNext(PressService, 'printInTime', new Error('jam'));
      await press.printInTime('a');
      expect(testing.events.map(({ name }) => name)).toEqual([
        TaskEvent.Queued,
        TaskEvent.Started,
        TaskEvent.Retrying,
        TaskEvent.Started,
        TaskEvent.Completed,
      ]);
      expect(testing.events.at(-1)).toMatchObject({ payload: { result: 'a at attempt 2' } });
    }
  });

  it('are found by name and handler', async () => {
    const { testing, press } = await setUp();
    await press.print('a');
    await press.printAlone('b');
    expect(testing.eventsOf(TaskEvent.Completed)).toHaveLength(2);
    const printed = testing.eventsOf(TaskEvent.Completed, PressService, 'print');
    expect(printed.map(({ result }) => result)).toEqual(['A']);
    expect(testing.eventsOf(TaskEvent.Completed, 'PressService.printAlone')).toHaveLength(1);
  });
});

describe('next()', () => {
  it('waits for a later event', async () => {
    const { testing, press } = await setUp();
    const progress = testing.next(TaskEvent.Progress);
    await press.bind({ titles: [] });
    expect((await progress).progress).toBe(0.5);
  });

  it('returns earlier events, each of them once', async () => {
    const { testing, press } = await setUp();
    await press.print('a');
    await press.print('b');
    const results = [
      await testing.next(TaskEvent.Completed),
      await testing.next(TaskEvent.Completed),
    ];
    expect(results.map(({ result }) => result)).toEqual(['A', 'B']);
    const third = testing.next(TaskEvent.Completed);
    await press.print('c');
    expect((await third).result).toBe('C');
  });

  it('of one handler leaves the events of other handlers to other calls', async () => {
    const { testing, press } = await setUp();
    const printed = testing.next(TaskEvent.Completed, PressService, 'print');
    await press.printAlone('alone');
    await press.print('a');
    expect((await printed).result).toBe('A');
    expect((await testing.next(TaskEvent.Completed)).result).toBe('alone');
  });
});
