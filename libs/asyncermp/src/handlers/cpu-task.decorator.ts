import type { Type } from '@nestjs/common';
import { ConfigurationError } from '../contract/errors.js';
import type { CpuTaskOptions } from '../contract/task-options.js';
import { runningTask } from '../worker/current-task.js';
import { callerOf, handlerOnInstance } from './call-router.js';
import { definingFile } from '../injection/call-site.js';
import { type HandlerDefinition, registerHandler } from '../injection/handler-registry.js';

/** What `@CpuTask()` gives: a decorator for methods that return a promise, and for nothing else. */
export interface CpuTaskDecorator {
  /**
   * Never matches. TypeScript compares overloaded types without their type parameters, and only so is
   * this a `MethodDecorator` for Nest's `applyDecorators()`.
   */
  (nothing: never): void;
  /**
   * Decorates a method of a class.
   *
   * @typeParam T The method's type: what it returns is a promise.
   */
  <T extends (...args: never[]) => Promise<unknown>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void;
}

/**
 * Makes a method of a provider or controller a handler: called on an instance that Nest made in an
 * application with `AsyncerMpModule`, it runs in a worker, with the injected dependencies of the class.
 * Called on an instance made with `new` (a unit test), or inside a worker, it runs where it is.
 *
 * Arguments and results are copied between threads (structured clone). Decorators written above this
 * one wrap the call in the application, those written below wrap the run in the worker. A subclass has
 * the handler as `Subclass.method`, and has to be decorated with `@CpuTaskHost()`.
 *
 * @param options Defaults for the tasks of this handler, its `name` (default `Class.method`) and its
 * `concurrency`; checked when the application starts.
 * @throws ConfigurationError where it is put on something else than a method of instances with a
 * string name.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class ThumbnailService {
 *   constructor(private readonly codec: CodecService) {}
 *
 *   @CpuTask({ timeout: 10_000 })
 *   async thumbnail(image: Uint8Array, width: number): Promise<Uint8Array> {
 *     return this.codec.encode(image, width);
 *   }
 * }
 * ```
 */
export function CpuTask(options: CpuTaskOptions = {}): CpuTaskDecorator {
  const decorate = (target: object, key: string | symbol, descriptor?: PropertyDescriptor) => {
    const { method, run, place } = checkMethod(target, key, descriptor);
    const owner = target.constructor as Type<object>;
    const definition: HandlerDefinition = {
      name: options.name ?? `${owner.name}.${method}`,
      target: owner,
      method,
      file: definingFile(),
      run,
      options,
    };
    registerHandler(definition);
    place.value = routed(definition);
  };
  return decorate as CpuTaskDecorator;
}

/** The method that takes the decorated one's place, with its name, length and metadata. */
function routed(definition: HandlerDefinition): HandlerDefinition['run'] {
  const { method, run } = definition;
  const methods: Record<string, HandlerDefinition['run']> = {
    [method](...args) {
      const caller = callerOf(this);
      // Inside a task (of the inline pool: workers have no callers) a task of its own would wait for a
      // place that its caller holds.
      if (caller === undefined || runningTask() !== undefined) {
        return run.apply(this, args);
      }
      const handler = handlerOnInstance(definition, this as object);
      return handler === undefined ? run.apply(this, args) : caller.call(handler, args);
    },
  };
  const replacement = methods[method] ?? run;
  Object.defineProperty(replacement, 'length', { value: run.length, configurable: true });
  for (const key of Reflect.getOwnMetadataKeys(run) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, run), replacement);
  }
  return replacement;
}

function checkMethod(
  target: object,
  key: string | symbol | object,
  descriptor: PropertyDescriptor | undefined,
): Pick<HandlerDefinition, 'method' | 'run'> & { readonly place: PropertyDescriptor } {
  if (typeof key === 'object') {
    throw new ConfigurationError(
      '@CpuTask() was applied as a standard (TC39) decorator, and Nest uses the legacy ones: set ' +
        '"experimentalDecorators": true in the tsconfig that compiles this file.',
    );
  }
  const method = String(key);
  if (typeof target === 'function') {
    throw new ConfigurationError(
      `@CpuTask() is on the static method ${target.name}.${method}, which belongs to no provider. ` +
        'Make it a method of instances.',
    );
  }
  const where = `${target.constructor.name}.${method}`;
  if (typeof key === 'symbol') {
    throw new ConfigurationError(
      `@CpuTask() is on ${where}, whose name is a symbol, and workers are told names. Use a string.`,
    );
  }
  const run: unknown = descriptor?.value;
  if (descriptor === undefined || typeof run !== 'function') {
    throw new ConfigurationError(
      `@CpuTask() is on ${where}, which is not a method. Put it on a method that returns a promise ` +
        '(a function in a property or behind a getter belongs to the instance, and is not seen).',
    );
  }
  return { method, run: run as HandlerDefinition['run'], place: descriptor };
}
