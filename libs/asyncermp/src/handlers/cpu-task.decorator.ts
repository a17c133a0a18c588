import type { Type } from '@nestjs/common';
import { ConfigurationError } from '../contract/errors.js';
import type { CpuTaskOptions } from '../contract/task-options.js';
import { runningTask } from '../worker/current-task.js';
import { callerOf, handlerOnInstance } from './call-router.js';
import { definingFile } from '../injection/call-site.js';
import { type HandlerDefinition, registerHandler } from '../injection/handler-registry.js';

/** The decorator that `@CpuTask()` returns. It accepts only methods that return a promise. */
export interface CpuTaskDecorator {
  /**
   * Never matches. With a second overload, TypeScript compares the type without its type parameters, and so
   * accepts it as a `MethodDecorator` in Nest's `applyDecorators()`.
   */
  (nothing: never): void;
  /**
   * Decorates a method of a class.
   *
   * @typeParam T - The type of the method, which returns a promise.
   */
  <T extends (...args: never[]) => Promise<unknown>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void;
}

/**
 * Makes a method of a provider or controller a handler. A call on an instance that Nest made, in an
 * application with `AsyncerMpModule`, runs in a worker, with the injected dependencies of the class. A call on
 * an instance made with `new` (a unit test), or inside a worker, runs in the calling thread.
 *
 * Arguments and results are copied between threads (structured clone). Decorators above this one wrap the
 * call in the application, `run()` included; decorators below it wrap the method in the worker. A subclass inherits the handler
 * as `Subclass.method`, and needs `@CpuTaskHost()`. With it, what an undecorated override calls by
 * `super.method()` runs in a worker, too, on the subclass's instance there; without it, that call is refused.
 *
 * Instances that Nest makes later (`resolve()`, `ModuleRef.create()`, one for each request) are no exception. A
 * call on one whose class was no provider or controller when the application started, as that of a module which
 * `LazyModuleLoader` loads, rejects with a `ConfigurationError`: workers do not know it.
 *
 * @param options - Defaults for the handler's tasks, its `name` (default `Class.method`) and its
 * `concurrency`. Checked when the application starts.
 * @throws ConfigurationError unless it is applied to an instance method with a string name
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
  const decorate = (target: object, key: string | symbol, given?: PropertyDescriptor) => {
    const { method, run, descriptor } = checkMethod(target, key, given);
    const owner = target.constructor as Type<object>;
    const definition: HandlerDefinition = {
      name: options.name ?? `${owner.name}.${method}`,
      target: owner,
      method,
      file: definingFile(),
      run,
      replacement: routed(() => definition, method, run),
      options,
    };
    registerHandler(definition);
    descriptor.value = definition.replacement;
  };
  return decorate as CpuTaskDecorator;
}

/** The replacement of the decorated method, with the same name, length and metadata. */
function routed(
  definition: () => HandlerDefinition,
  method: string,
  run: HandlerDefinition['run'],
): HandlerDefinition['run'] {
  const methods: Record<string, HandlerDefinition['run']> = {
    [method](...args) {
      const caller = callerOf(this);
      // A call inside of a task of the inline pool (workers have no callers) runs directly: as a task of its
      // own it might wait for the permit that its caller holds.
      if (caller === undefined || runningTask() !== undefined) {
        return run.apply(this, args);
      }
      const handler = handlerOnInstance(definition(), this as object);
      return handler === undefined
        ? caller.refuse(definition(), this as object)
        : caller.call(handler, args);
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
): Pick<HandlerDefinition, 'method' | 'run'> & { readonly descriptor: PropertyDescriptor } {
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
      `@CpuTask() is on ${where}, whose name is a symbol, and workers find handlers by a string. Use a string.`,
    );
  }
  const run: unknown = descriptor?.value;
  if (descriptor === undefined || typeof run !== 'function') {
    throw new ConfigurationError(
      `@CpuTask() is on ${where}, which is not a method. Put it on a method that returns a promise ` +
        '(a function in a property or behind a getter belongs to the instance, and is not seen).',
    );
  }
  return { method, run: run as HandlerDefinition['run'], descriptor };
}
