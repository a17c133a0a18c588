import { AsyncLocalStorage } from 'node:async_hooks';
import type { TaskOptions } from '../contract/task-options.js';
import { type HandlerDefinition, handlersOf } from '../injection/handler-registry.js';
import { threadState } from '../protocol/thread-state.js';

/** Runs calls of decorated methods on the instances of one application as tasks. */
export interface TaskCaller {
  /** Whether the application's container made the instance. Not cached while it is false. */
  owns(instance: object): boolean;
  /** Runs the handler as a task. */
  call(definition: HandlerDefinition, args: unknown[]): Promise<unknown>;
}

const router = threadState('callers:1', () => ({
  /** Weak references, so that a closed application can be garbage-collected with all its instances. */
  callers: new Set<WeakRef<TaskCaller>>(),
  /** Caches hits only: a constructor may call a decorated method before the container has the instance. */
  owners: new WeakMap<object, TaskCaller>(),
}));

/** From now on, the caller runs the decorated methods of the instances that it owns. */
export function addCaller(caller: TaskCaller): void {
  router.callers.add(new WeakRef(caller));
}

/** From now on, decorated methods of the caller's instances run in the calling thread. */
export function removeCaller(caller: TaskCaller): void {
  for (const reference of router.callers) {
    if (reference.deref() === caller) {
      router.callers.delete(reference);
    }
  }
  router.owners = new WeakMap();
}

/** The caller that owns the instance. Undefined in a unit test (`new Service()`) and inside a worker. */
export function callerOf(instance: unknown): TaskCaller | undefined {
  if (router.callers.size === 0 || typeof instance !== 'object' || instance === null) {
    return undefined;
  }
  const known = router.owners.get(instance);
  if (known !== undefined) {
    return known;
  }
  for (const reference of router.callers) {
    const caller = reference.deref();
    if (caller === undefined) {
      router.callers.delete(reference);
    } else if (caller.owns(instance)) {
      router.owners.set(instance, caller);
      return caller;
    }
  }
  return undefined;
}

/**
 * The handler that a call of a decorated method runs on this instance. On an instance of a subclass it is
 * the subclass's handler. Undefined for `super.method()` in a subclass that overrides the method: that call
 * is a part of the running one and not a task of its own.
 */
export function handlerOnInstance(
  declared: HandlerDefinition,
  instance: object,
): HandlerDefinition | undefined {
  if (instance.constructor === declared.target) {
    return declared;
  }
  return handlersOf(instance.constructor).find(
    ({ method, run }) => method === declared.method && run === declared.run,
  );
}

interface CallWithOptions {
  readonly definition: HandlerDefinition;
  readonly options: TaskOptions | undefined;
}

/**
 * The options of a `run()` on their way through the decorators above `@CpuTask()`. In an asynchronous context,
 * because such a decorator may await something before it calls the method. Made when it is first needed: on
 * Node 20 every promise costs more once one is in use.
 */
let callsWithOptions: AsyncLocalStorage<CallWithOptions> | undefined;

/** Calls the decorated method with all its decorators; the tasks that the call submits have the options. */
export function callWithOptions(
  instance: object,
  definition: HandlerDefinition,
  args: readonly unknown[],
  options: TaskOptions | undefined,
): unknown {
  callsWithOptions ??= new AsyncLocalStorage();
  const method = Reflect.get(instance, definition.method) as HandlerDefinition['run'];
  return callsWithOptions.run({ definition, options }, () => method.apply(instance, [...args]));
}

/** The options of the `run()` that calls the handler, through the decorators above it. */
export function optionsOfCall(definition: HandlerDefinition): TaskOptions | undefined {
  const call = callsWithOptions?.getStore();
  return call?.definition === definition ? call.options : undefined;
}
