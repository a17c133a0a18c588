import {
  TaskEvent,
  type TaskCancelledEvent,
  type TaskCompletedEvent,
  type TaskFailedEvent,
  type TaskProgressEvent,
  type TaskQueuedEvent,
  type TaskRetryingEvent,
  type TaskStartedEvent,
} from 'nestjs-asyncermp';
import {
  AsyncerMpTestingModule,
  type AsyncerMpTestingService,
  type TaskEventPayloads,
} from 'nestjs-asyncermp/testing';
import { expect, expectTypeOf, it } from 'vitest';

/* These tests are checked by the compiler (`npm run types`); the calls in them never run. */

declare class Press {
  print(page: string): Promise<number>;
  stop(): void;
  private clean(): Promise<void>;
}

const testing = undefined as unknown as AsyncerMpTestingService;
const neverCalled = (compiled: () => unknown) => expect(compiled).toBeTypeOf('function');

it('every event has the type of its own payload', () => {
  expectTypeOf<TaskEventPayloads<number>>().toEqualTypeOf<{
    readonly 'asyncermp.task.queued': TaskQueuedEvent;
    readonly 'asyncermp.task.started': TaskStartedEvent;
    readonly 'asyncermp.task.progress': TaskProgressEvent;
    readonly 'asyncermp.task.retrying': TaskRetryingEvent;
    readonly 'asyncermp.task.completed': TaskCompletedEvent<number>;
    readonly 'asyncermp.task.failed': TaskFailedEvent;
    readonly 'asyncermp.task.cancelled': TaskCancelledEvent;
  }>();
});

it('events are typed by their name, and results by class and method', () => {
  neverCalled(async () => {
    expectTypeOf(await testing.next(TaskEvent.Progress)).toEqualTypeOf<TaskProgressEvent>();
    const { result } = await testing.next(TaskEvent.Completed, Press, 'print');
    expectTypeOf(result).toEqualTypeOf<number>();
    const [failed] = testing.eventsOf(TaskEvent.Failed, 'Press.print');
    expectTypeOf(failed).toEqualTypeOf<TaskFailedEvent | undefined>();
    for (const { name, payload } of testing.events) {
      if (name === TaskEvent.Started) {
        expectTypeOf(payload).toEqualTypeOf<TaskStartedEvent>();
      }
    }
    // @ts-expect-error there is no such event
    await testing.next('asyncermp.task.done');
  });
});

it('handlers are typed as for AsyncerMpService', () => {
  neverCalled(() => {
    testing.hold();
    testing.hold(Press, 'print');
    testing.hold('Press.print');
    testing.failNext(Press, 'print', new Error('jam'), { times: 2 });
    testing.failNext('Press.print', 'jam');
    testing.crashNext(Press, 'print', { reason: 'out-of-memory' });
    testing.timeoutNext(Press, 'print', { times: Infinity });
    // @ts-expect-error there is no such method
    testing.hold(Press, 'prnt');
    // @ts-expect-error it returns no promise
    testing.failNext(Press, 'stop', new Error('jam'));
    // @ts-expect-error it is private
    testing.crashNext(Press, 'clean');
    // @ts-expect-error workers do not die so
    testing.crashNext(Press, 'print', { reason: 'bored' });
    // @ts-expect-error it is a number
    testing.timeoutNext(Press, 'print', { times: '2' });
  });
});

it('AsyncerMpTestingModule takes the options of AsyncerMpModule except isolation', () => {
  neverCalled(() => [
    AsyncerMpTestingModule.forRoot(2),
    AsyncerMpTestingModule.forRoot({ maxProcesses: 2, defaults: { timeout: 5 } }),
    AsyncerMpTestingModule.forApplication({ maxQueue: 1 }),
    // @ts-expect-error there is no choice
    AsyncerMpTestingModule.forRoot({ isolation: 'threads' }),
    // @ts-expect-error the application has its own
    AsyncerMpTestingModule.forApplication(4),
  ]);
});
