import { afterEach, describe, expect, it } from 'vitest';
import {
  addOwner,
  removeOwner,
  type InstanceOwner,
  type TaskCaller,
} from '../../src/handlers/call-router.js';
import { CpuTask } from '../../src/handlers/cpu-task.decorator.js';
import { CpuTaskHost } from '../../src/handlers/cpu-task-host.decorator.js';
import { type HandlerDefinition, handlersOf } from '../../src/injection/handler-registry.js';
import { callForTask, type RunningTask } from '../../src/worker/current-task.js';
import { Hexagon, Octagon, Square } from '../.fixtures/handlers/more-shapes.js';
import { Circle } from '../.fixtures/handlers/shapes.js';
import { CodecService, ThumbnailService } from '../.fixtures/handlers/thumbnail.service.js';

const run = async (): Promise<void> => {};
const image = new Uint8Array([1, 2, 3]);

/** Stands for an application: owns the given instances, and records what it is asked. */
class RecordingCaller implements InstanceOwner, TaskCaller {
  readonly calls: [handler: string, args: unknown[]][] = [];
  /** How often it was asked whether it owns an instance. */
  asked = 0;
  readonly #owned = new Set<object>();

  own<T extends object>(instance: T): T {
    this.#owned.add(instance);
    return instance;
  }

  callerFor(instance: object): TaskCaller | undefined {
    this.asked++;
    return this.#owned.has(instance) ? this : undefined;
  }

  async call({ name }: HandlerDefinition, args: unknown[]): Promise<unknown> {
    this.calls.push([name, args]);
    return 'from a worker';
  }

  async refuse({ name }: HandlerDefinition, instance: object): Promise<never> {
    throw new Error(`refused ${name} on ${instance.constructor.name}`);
  }
}

describe('@CpuTask()', () => {
  let caller = new RecordingCaller();

  afterEach(() => {
    removeOwner(caller);
    caller = new RecordingCaller();
  });

  it('keeps the name, the length and the metadata of the method', () => {
    const thumbnail = Reflect.get(ThumbnailService.prototype, 'thumbnail') as () => unknown;
    expect(thumbnail.name).toBe('thumbnail');
    expect(thumbnail).toHaveLength(2);
    expect(Reflect.getMetadata('above', thumbnail)).toBe(1);
    expect(Reflect.getMetadata('below', thumbnail)).toBe(2);
  });

  it('records class, method, options and the file that defines the class', () => {
    const [thumbnail, digest] = handlersOf(ThumbnailService);
    expect(thumbnail).toMatchObject({
      name: 'ThumbnailService.thumbnail',
      target: ThumbnailService,
      method: 'thumbnail',
      options: { timeout: 10_000 },
      file: new URL('../.fixtures/handlers/thumbnail.service.js', import.meta.url).href,
    });
    expect(digest).toMatchObject({ name: 'hash', method: 'digest' });
    expect(handlersOf(ThumbnailService)).toHaveLength(2);
  });

  it('runs the method in the calling thread on an instance that no application owns', async () => {
    addOwner(caller);
    await expect(new ThumbnailService(new CodecService()).thumbnail(image, 2)).resolves.toBe(12);
    expect(caller.calls).toEqual([]);
  });

  it('routes calls on an owned instance to its application', async () => {
    addOwner(caller);
    const service = caller.own(new ThumbnailService(new CodecService()));
    await expect(service.thumbnail(image, 2)).resolves.toBe('from a worker');
    await service.digest('x');
    expect(caller.calls).toEqual([
      ['ThumbnailService.thumbnail', [image, 2]],
      ['hash', ['x']],
    ]);
  });

  it('runs the method in the calling thread again after the application has closed', async () => {
    const other = new RecordingCaller();
    addOwner(other);
    addOwner(caller);
    const service = caller.own(new ThumbnailService(new CodecService()));
    await service.digest('x');
    removeOwner(caller);
    await expect(service.digest('x')).resolves.toBe('X');
    removeOwner(other);
  });

  it('asks an application once whether an instance is its own', async () => {
    addOwner(caller);
    const service = caller.own(new ThumbnailService(new CodecService()));

    await service.digest('x');
    await service.digest('y');
    expect(caller.asked).toBe(1);
  });

  it('runs the method in the calling thread inside a task', async () => {
    addOwner(caller);
    const service = caller.own(new ThumbnailService(new CodecService()));
    const nested = (): Promise<string> => service.digest('x');
    await expect(callForTask({} as RunningTask, nested, undefined, [])).resolves.toBe('X');
  });

  it('asks again for an instance that was not owned yet, as during its construction', async () => {
    addOwner(caller);
    const service = new ThumbnailService(new CodecService());
    await expect(service.digest('x')).resolves.toBe('X');
    caller.own(service);
    await expect(service.digest('x')).resolves.toBe('from a worker');
  });

  it('runs a method without its instance in the calling thread', async () => {
    addOwner(caller);
    const service = caller.own(new ThumbnailService(new CodecService()));
    const digest = Reflect.get<ThumbnailService, 'digest'>(service, 'digest');
    await expect(digest('x')).resolves.toBe('X');
  });

  it("calls an inherited handler by the name of the instance's class", async () => {
    addOwner(caller);
    await caller.own(new Square()).area();
    expect(caller.calls).toEqual([['Square.area', []]]);
  });

  it('does not make a task of super.method() inside a task', async () => {
    addOwner(caller);
    const circle = caller.own(new Circle());
    const area = handlersOf(Circle).find(({ method }) => method === 'area');
    await expect(
      callForTask({} as RunningTask, () => area?.run.call(circle), undefined, []),
    ).resolves.toBe("round circle's area");
    expect(caller.calls).toEqual([]);
  });

  it('does not run super.method() in the calling thread if an undecorated override calls it', async () => {
    addOwner(caller);
    await expect(caller.own(new Circle()).outline()).rejects.toThrow(
      'refused shape.outline on Circle',
    );
  });

  it.each([
    ['a static method', ThumbnailService, 'create', { value: run }, 'static method'],
    ['a symbol', {}, Symbol('run'), { value: run }, 'symbol'],
    ['a property', {}, 'run', undefined, 'not a method'],
    ['a getter', {}, 'run', { get: () => run }, 'not a method'],
  ])('refuses %s', (_what, target, key, descriptor, message) => {
    const decorate = CpuTask() as unknown as (...args: unknown[]) => void;
    expect(() => decorate(target, key, descriptor)).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it('names the compiler option if it is applied as a standard decorator', () => {
    const decorate = CpuTask() as unknown as (...args: unknown[]) => void;
    expect(() => decorate(run, { kind: 'method', name: 'run' })).toThrow('experimentalDecorators');
  });
});

describe('@CpuTaskHost()', () => {
  it('registers a class that inherits its handlers, with its own file', () => {
    expect(handlersOf(Square).map(({ name, target, file }) => ({ name, target, file }))).toEqual([
      { name: 'Square.area', target: Square, file: fileOf('more-shapes') },
      { name: 'Square.outline', target: Square, file: fileOf('more-shapes') },
    ]);
  });

  it('registers a class that another decorator replaced', () => {
    expect(handlersOf(Hexagon)[0]).toMatchObject({
      name: 'Hexagon.area',
      target: Hexagon,
      file: fileOf('more-shapes'),
    });
    expect(handlersOf(Octagon)[0]).toMatchObject({ name: 'octagon', target: Octagon });
  });

  it.each([
    [{ import: [] }, 'unknown key "import"'],
    [{ providers: {} }, 'providers must be an array'],
  ])('refuses %o', (options, message) => {
    expect(() => CpuTaskHost(options as object)(class Service {})).toThrow(message);
  });

  function fileOf(name: string): string {
    return new URL(`../.fixtures/handlers/${name}.js`, import.meta.url).href;
  }
});
