import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import {
  AsyncerMpModule,
  AsyncerMpService,
  ConfigurationError,
  ShutdownError,
  TaskEvent,
  TaskSerializationError,
  UnknownHandlerError,
  type TaskCompletedEvent,
} from 'nestjs-asyncermp';
import { AsyncerMpTestingModule, AsyncerMpTestingService } from 'nestjs-asyncermp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PressService } from '../.fixtures/press.service.js';
import { closeLater } from '../support/application.js';
import { rejectionOf, thrownBy } from '../support/outcomes.js';
import { setUp } from './bench.js';

class AppModule {}
Module({
  imports: [EventEmitterModule.forRoot(), AsyncerMpModule.forRoot(3)],
  providers: [PressService],
})(AppModule);

const startedThreads: unknown[] = [];
const note = (message: unknown) => startedThreads.push(message);
beforeAll(() => subscribe('worker_threads', note));
afterAll(() => {
  unsubscribe('worker_threads', note);
  expect(startedThreads).toEqual([]);
});

describe('AsyncerMpTestingModule.forRoot()', () => {
  it('runs handlers on the providers of the test, one at a time', async () => {
    const { press, mp } = await setUp();
    await expect(press.print('a')).resolves.toBe('A');
    await expect(mp.run(PressService, 'print', ['b'])).resolves.toBe('B');
    expect(press.calls).toEqual(['a', 'b']);
    expect(mp.stats().maxProcesses).toBe(1);
  });

  it('takes the options of AsyncerMpModule, or maxProcesses as a number', async () => {
    expect((await setUp(4)).mp.stats().maxProcesses).toBe(4);
    expect((await setUp({ maxProcesses: 2 })).mp.stats().maxProcesses).toBe(2);
    const error = thrownBy(() => AsyncerMpTestingModule.forRoot({ maxProcesses: 0 }));
    expect(error).toBeInstanceOf(ConfigurationError);
  });

  it('refuses values that cannot be cloned, as workers do', async () => {
    const { press } = await setUp();
    const error = await rejectionOf(press.bind({ titles: () => 'no' }));
    expect(error).toBeInstanceOf(TaskSerializationError);
    expect(error).toMatchObject({ path: 'args[0].titles' });
  });

  it('works without init(), as in many unit tests', async () => {
    const module = await Test.createTestingModule({
      imports: [AsyncerMpTestingModule.forRoot()],
      providers: [PressService],
    }).compile();
    closeLater(module);
    await expect(module.get(PressService).print('a')).resolves.toBe('A');
    expect(module.get(AsyncerMpTestingService).eventsOf(TaskEvent.Completed)).toHaveLength(1);
  });

  it('closes at once, even with held tasks', async () => {
    const { module, mp, testing } = await setUp();
    testing.hold();
    const held = await mp.submit(PressService, 'print', ['held']);
    const waiting = await mp.submit(PressService, 'print', ['waiting']);
    await testing.untilHeld();
    await module.close();
    expect(await rejectionOf(held.result)).toBeInstanceOf(ShutdownError);
    expect(await rejectionOf(waiting.result)).toBeInstanceOf(ShutdownError);
    expect(testing.held).toEqual([]);
  });

  it('drains as in production if shutdownTimeout is given', async () => {
    const { module, mp, testing, press } = await setUp({ shutdownTimeout: Infinity });
    testing.hold();
    const task = await mp.submit(PressService, 'print', ['held']);
    await testing.untilHeld();
    const closing = module.close();
    testing.releaseAll();
    await closing;
    await expect(task.result).resolves.toBe('HELD');
    expect(press.calls).toEqual(['held']);
  });

  it('is refused beside AsyncerMpModule, and names forApplication()', async () => {
    const building = Test.createTestingModule({
      imports: [AppModule, AsyncerMpTestingModule.forRoot()],
    }).compile();
    const error = await rejectionOf(building);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain('AsyncerMpTestingModule.forApplication()');
  });
});

describe('AsyncerMpTestingModule.forApplication()', () => {
  async function start(...options: Parameters<typeof AsyncerMpTestingModule.forApplication>) {
    const module = await Test.createTestingModule({
      imports: [AppModule, AsyncerMpTestingModule.forApplication(...options)],
    }).compile();
    return closeLater(await module.init());
  }

  it("runs the application's handlers inline, with the application's options", async () => {
    const app = await start();
    await expect(app.get(PressService).print('a')).resolves.toBe('A');
    expect(app.get(PressService).calls).toEqual(['a']);
    expect(app.get(AsyncerMpService).stats().maxProcesses).toBe(3);
  });

  it('takes options that override those of the application', async () => {
    const app = await start({ maxProcesses: 1 });
    expect(app.get(AsyncerMpService).stats().maxProcesses).toBe(1);
    expect(await rejectionOf(start({ maxProcesses: 0 }))).toBeInstanceOf(ConfigurationError);
  });

  it('runs handlers inline, too, if a factory makes the options', async () => {
    const module = await Test.createTestingModule({
      imports: [
        AsyncerMpModule.forRootAsync({ useFactory: () => ({ maxProcesses: 2 }) }),
        AsyncerMpTestingModule.forApplication(),
      ],
      providers: [PressService],
    }).compile();
    closeLater(await module.init());
    await expect(module.get(PressService).print('a')).resolves.toBe('A');
    expect(module.get(PressService).calls).toEqual(['a']);
  });

  it("does not disturb the application's own listeners", async () => {
    const app = await start();
    const emitter = app.get(EventEmitter2);
    const heard: unknown[] = [];
    emitter.on(TaskEvent.Completed, function (this: EventEmitter2, event: TaskCompletedEvent) {
      heard.push([this, (this as { event?: unknown }).event, event.result]);
    });
    emitter.onAny((name) => heard.push(name));
    await app.get(PressService).print('a');
    expect(heard).toContainEqual([emitter, TaskEvent.Completed, 'A']);
    expect(heard).toContain(TaskEvent.Queued);
    const testing = app.get(AsyncerMpTestingService);
    const names = testing.events.map(({ name }) => name.split('.').at(-1));
    expect(names).toEqual(['queued', 'started', 'completed']);
  });

  it('throws ConfigurationError if there is no AsyncerMpModule', async () => {
    const module = await Test.createTestingModule({
      imports: [AsyncerMpTestingModule.forApplication()],
    }).compile();
    closeLater(module);
    const testing = module.get(AsyncerMpTestingService);
    expect(thrownBy(() => testing.hold('PressService.print'))).toBeInstanceOf(ConfigurationError);
  });
});

it('the testing service refuses unknown handlers, and suggests similar names', async () => {
  const { testing } = await setUp();
  const error = thrownBy(() => testing.hold('PressService.prinnt'));
  expect(error).toBeInstanceOf(UnknownHandlerError);
  expect(error).toMatchObject({ nearest: expect.arrayContaining(['PressService.print']) });
});
