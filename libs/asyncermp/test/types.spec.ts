import {
  CpuTask,
  taskEventOf,
  TaskEvent,
  type AsyncerMpService,
  type HandlerMethod,
  type TaskHandle,
  type TaskSettledEvent,
} from 'nestjs-asyncermp';
import { describe, expect, expectTypeOf, it } from 'vitest';

/* Nothing here runs: the compiler tells (`npm run types`). */

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

  it('take string names, whose result is unknown or what one says', () => {
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

describe('a handle', () => {
  it('is not a promise, and cannot be changed', () => {
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
  it('are told apart by their state', () => {
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
