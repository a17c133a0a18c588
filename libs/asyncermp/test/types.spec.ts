import {
  AsyncerMpModule,
  CpuTask,
  taskEventOf,
  TaskEvent,
  type AsyncerMpOptions,
  type AsyncerMpService,
  type HandlerArgs,
  type HandlerMethod,
  type HandlerResult,
  type MapOutcome,
  type TaskHandle,
  type TaskSettledEvent,
} from 'nestjs-asyncermp';
import { describe, expect, expectTypeOf, it } from 'vitest';

/* These tests are checked by the compiler (`npm run types`); the calls in them never run. */

interface Picture {
  readonly width: number;
}

declare class Pictures {
  scale(picture: Picture, width: number, sharp?: boolean): Promise<Picture>;
  join(...pictures: Picture[]): Promise<Uint8Array>;
  clear(): Promise<void>;
  sizeOf(picture: Picture): number;
  readonly title: string;
  protected guard(): Promise<void>;
  private secret(): Promise<void>;
}

declare class Shapes {
  same<T extends object>(value: T): Promise<T>;
  size(): Promise<number>;
  size(name: string): Promise<string>;
  maybe(width: number): Promise<number> | undefined;
}

abstract class Abstract {
  abstract work(n: number): Promise<string>;
}

const mp = undefined as unknown as AsyncerMpService;
const picture: Picture = { width: 1 };
const neverCalled = (compiled: () => unknown) => expect(compiled).toBeTypeOf('function');

describe('run, submit and their handles', () => {
  it('infer arguments and results from class and method', () => {
    neverCalled(() => {
      expectTypeOf(mp.run(Pictures, 'scale', [picture, 200])).toEqualTypeOf<Promise<Picture>>();
      expectTypeOf(
        mp.run(Pictures, 'scale', [picture, 200, true]),
      ).resolves.toEqualTypeOf<Picture>();
      expectTypeOf(mp.run(Pictures, 'join', [])).resolves.toEqualTypeOf<Uint8Array>();
      expectTypeOf(
        mp.run(Pictures, 'join', [picture, picture]),
      ).resolves.toEqualTypeOf<Uint8Array>();
      expectTypeOf(mp.run(Pictures, 'clear', [], { priority: 1 })).resolves.toEqualTypeOf<void>();
      expectTypeOf(mp.run(Abstract, 'work', [1])).resolves.toEqualTypeOf<string>();
      expectTypeOf(mp.submit(Pictures, 'scale', [picture, 200])).resolves.toEqualTypeOf<
        TaskHandle<Picture>
      >();
    });
  });

  it('take string names, with unknown or an explicit type as the result', () => {
    neverCalled(() => {
      expectTypeOf(mp.run('Pictures.scale')).resolves.toEqualTypeOf<unknown>();
      expectTypeOf(mp.run<Picture>('Pictures.scale', [1])).resolves.toEqualTypeOf<Picture>();
      expectTypeOf(mp.submit('x')).resolves.toEqualTypeOf<TaskHandle>();
      expectTypeOf(mp.submit<string>('x')).resolves.toEqualTypeOf<TaskHandle<string>>();
      expectTypeOf(mp.get('x')).toEqualTypeOf<TaskHandle | undefined>();
    });
  });

  it('do not compile with a wrong method', () => {
    neverCalled(() => [
      // @ts-expect-error there is no such method
      mp.run(Pictures, 'scael', [picture, 200]),
      // @ts-expect-error it returns no promise
      mp.run(Pictures, 'sizeOf', [picture]),
      // @ts-expect-error it is no method
      mp.submit(Pictures, 'title', []),
      // @ts-expect-error it is private
      mp.run(Pictures, 'secret', []),
      // @ts-expect-error it is protected
      mp.run(Pictures, 'guard', []),
      // @ts-expect-error a class is named, and not an instance
      mp.run(new Pictures(), 'clear', []),
    ]);
    expectTypeOf<HandlerMethod<Pictures>>().toEqualTypeOf<'scale' | 'join' | 'clear'>();
  });

  it('do not compile with wrong arguments', () => {
    neverCalled(() => [
      // @ts-expect-error an argument is missing
      mp.run(Pictures, 'scale', [picture]),
      // @ts-expect-error an argument has another type
      mp.run(Pictures, 'scale', [picture, '200']),
      // @ts-expect-error there are too many
      mp.submit(Pictures, 'scale', [picture, 200, true, 1]),
      // @ts-expect-error they stand in an array
      mp.run(Pictures, 'scale', picture, 200),
      // @ts-expect-error there are no arguments at all
      mp.run(Pictures, 'clear'),
      // @ts-expect-error one of the rest has another type
      mp.run(Pictures, 'join', [picture, 1]),
    ]);
  });

  it('do not compile with wrong options', () => {
    neverCalled(() => [
      // @ts-expect-error there is no such option
      mp.run(Pictures, 'clear', [], { retries: 3 }),
      // @ts-expect-error it is a number
      mp.run(Pictures, 'clear', [], { priority: 'high' }),
      // @ts-expect-error it stands on the handler
      mp.run(Pictures, 'clear', [], { concurrency: 1 }),
    ]);
  });
});

describe('generic and overloaded methods', () => {
  it('are typed by the constraints of their type parameters and by their last overload', () => {
    expectTypeOf<HandlerArgs<Shapes, 'same'>>().toEqualTypeOf<[value: object]>();
    expectTypeOf<HandlerResult<Shapes, 'same'>>().toEqualTypeOf<object>();
    neverCalled(() => [
      expectTypeOf(mp.run(Shapes, 'same', [picture])).resolves.toEqualTypeOf<object>(),
      expectTypeOf(mp.run(Shapes, 'size', ['a'])).resolves.toEqualTypeOf<string>(),
      // @ts-expect-error another signature than the last one
      mp.run(Shapes, 'size', []),
      // @ts-expect-error it extends no object
      mp.run(Shapes, 'same', [1]),
    ]);
  });

  it('are no handlers if they may return something else than a promise', () => {
    expectTypeOf<HandlerMethod<Shapes>>().toEqualTypeOf<'same' | 'size'>();
  });
});

describe('map', () => {
  const items = [[picture, 1] as const, [picture, 2, true] as const];

  it('yields results, or outcomes with settle: true', () => {
    neverCalled(async () => {
      for await (const result of mp.map(Pictures, 'scale', items)) {
        expectTypeOf(result).toEqualTypeOf<Picture>();
      }
      for await (const outcome of mp.map(Pictures, 'scale', items, { settle: true })) {
        expectTypeOf(outcome).toEqualTypeOf<MapOutcome<Picture>>();
        if (outcome.status === 'fulfilled') {
          expectTypeOf(outcome.value).toEqualTypeOf<Picture>();
        } else {
          expectTypeOf(outcome.reason).toBeAny();
          // @ts-expect-error a failed item has no value
          void outcome.value;
        }
      }
      for await (const result of mp.map<number>('Pictures.scale', items)) {
        expectTypeOf(result).toEqualTypeOf<number>();
      }
    });
  });

  it('does not compile with items that are no lists of arguments', () => {
    neverCalled(() => [
      // @ts-expect-error the arguments themselves
      mp.map(Pictures, 'scale', [picture]),
      // @ts-expect-error one argument has another type
      mp.map(Pictures, 'scale', [[picture, '1']]),
      // @ts-expect-error there is no such option
      mp.map(Pictures, 'scale', items, { parallel: 2 }),
    ]);
  });
});

describe('forRoot and forRootAsync', () => {
  class Settings {
    readonly workers = 2;

    create(): AsyncerMpOptions {
      return { maxProcesses: this.workers };
    }
  }
  abstract class Limits {
    abstract readonly most: number;
  }

  it('infer the arguments of a factory from inject', () => {
    neverCalled(() => [
      AsyncerMpModule.forRootAsync({ useFactory: async () => ({ maxProcesses: 2 }) }),
      AsyncerMpModule.forRootAsync({
        inject: [Settings, Limits, 'WORKERS', { token: Settings, optional: true }],
        useFactory: (settings, limits, workers: number, maybe) => {
          expectTypeOf(settings).toEqualTypeOf<Settings>();
          expectTypeOf(limits).toEqualTypeOf<Limits>();
          expectTypeOf(maybe).toEqualTypeOf<Settings | undefined>();
          return { maxProcesses: Math.min(workers, settings.workers, limits.most) };
        },
      }),
      AsyncerMpModule.forRootAsync({
        inject: [Settings],
        // @ts-expect-error another class is injected
        useFactory: (limits: Limits) => ({ maxProcesses: limits.most }),
      }),
      AsyncerMpModule.forRootAsync({
        // @ts-expect-error nothing is injected
        useFactory: (settings: Settings) => ({ maxProcesses: settings.workers }),
      }),
    ]);
  });

  it('take classes that create options', () => {
    neverCalled(() => [
      AsyncerMpModule.forRootAsync({ useClass: Settings, isGlobal: false }),
      AsyncerMpModule.forRootAsync({ useExisting: Settings }),
      // @ts-expect-error it has no create()
      AsyncerMpModule.forRootAsync({ useClass: class Nothing {} }),
    ]);
  });

  it('do not compile with wrong options', () => {
    neverCalled(() => [
      // @ts-expect-error it is a number
      AsyncerMpModule.forRoot('4'),
      // @ts-expect-error there is no such option
      AsyncerMpModule.forRoot({ workers: 4 }),
      // @ts-expect-error it is a number
      AsyncerMpModule.forRootAsync({ useFactory: () => ({ maxProcesses: '4' }) }),
    ]);
  });
});

describe('a handle', () => {
  it('is not a promise, and is read-only', () => {
    neverCalled(() => {
      const task = mp.get('x') as TaskHandle<Picture>;
      expectTypeOf(task.result).toEqualTypeOf<Promise<Picture>>();
      expectTypeOf(task).not.toHaveProperty('then');
      // @ts-expect-error it is read-only
      task.state = 'completed';
    });
  });
});

describe('@CpuTask()', () => {
  it('takes methods that return a promise, and no others', () => {
    neverCalled(() => {
      const asynchronous: TypedPropertyDescriptor<(n: number) => Promise<number>> = {};
      const synchronous: TypedPropertyDescriptor<(n: number) => number> = {};
      CpuTask({ concurrency: 2 })({}, 'method', asynchronous);
      // @ts-expect-error it returns no promise
      CpuTask()({}, 'method', synchronous);
      // @ts-expect-error there is no such option
      CpuTask({ retries: 3 });
    });
  });
});

describe('events', () => {
  it('are distinguished by their state', () => {
    neverCalled(() => {
      const event = mp.completedQueue.tryGet() as TaskSettledEvent<Picture>;
      if (event.state === 'completed') {
        expectTypeOf(event.result).toEqualTypeOf<Picture>();
      } else {
        expectTypeOf(event.error).toEqualTypeOf<unknown>();
      }
      // @ts-expect-error a failure has no result
      return event.result;
    });
    expectTypeOf(
      taskEventOf(TaskEvent.Completed, 'A.b'),
    ).toEqualTypeOf<'asyncermp.task.completed.A.b'>();
    expect(taskEventOf(TaskEvent.Completed, 'A.b')).toBe('asyncermp.task.completed.A.b');
  });
});
