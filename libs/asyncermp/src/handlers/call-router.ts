import { AsyncLocalStorage } from 'node:async_hooks';
import type { TaskOptions } from '../contract/task-options.js';
import { type HandlerDefinition, handlersOf } from '../injection/handler-registry.js';
import { threadState } from '../protocol/thread-state.js';

/** An application, whose container makes instances. */
export interface InstanceOwner {
  /**
   * What runs the calls on this instance; undefined if the application's container has not made it. Not cached while
   * it is undefined.
   */
  callerFor(instance: object): TaskCaller | undefined;
}

/** Runs calls of decorated methods on the instances of one application as tasks. */
export interface TaskCaller {
  /** Runs the handler as a task. */
  call(definition: HandlerDefinition, args: unknown[]): Promise<unknown>;
  /** Rejects the call of a method on an instance whose class has no such handler. */
  refuse(declared: HandlerDefinition, instance: object): Promise<never>;
}

const router = threadState('callers:2', () => ({
  /** Weak references, so that a closed application can be garbage-collected with all its instances. */
  applications: new Set<WeakRef<InstanceOwner>>(),
  /** Caches hits only: a constructor may call a decorated method before the container has the instance. */
  owners: new WeakMap<object, TaskCaller>(),
}));

/** From now on, decorated methods of the application's instances run as tasks. */
export function addOwner(application: InstanceOwner): void {
  router.applications.add(new WeakRef(application));
}

/** From now on, decorated methods of the application's instances run in the calling thread. */
export function removeOwner(application: InstanceOwner): void {
  for (const reference of router.applications) {
    if (reference.deref() === application) {
      router.applications.delete(reference);
    }
  }
  router.owners = new WeakMap();
}

/** What runs the calls on the instance. Undefined in a unit test (`new Service()`) and inside a worker. */
export function callerOf(instance: unknown): TaskCaller | undefined {
  if (router.applications.size === 0 || typeof instance !== 'object' || instance === null) {
    return undefined;
  }
  const known = router.owners.get(instance);
  if (known !== undefined) {
    return known;
  }
  for (const reference of router.applications) {
    const application = reference.deref();
    if (application === undefined) {
      router.applications.delete(reference);
      continue;
    }
    const caller = application.callerFor(instance);
    if (caller !== undefined) {
      router.owners.set(instance, caller);
      return caller;
    }
  }
  return undefined;
}

/**
 * The handler that a call of a decorated method runs on this instance. On an instance of a subclass it is
 * the subclass's handler, also for `super.method()`. Undefined if the subclass overrides the method, calls
 * `super.method()` and has no `@CpuTaskHost()`.
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
