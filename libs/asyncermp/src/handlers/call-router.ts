import { type HandlerDefinition, handlersOf } from '../injection/handler-registry.js';
import { threadState } from '../injection/thread-state.js';

/** Takes the calls of decorated methods on the instances of one application. */
export interface TaskCaller {
  /** Whether the application's container made the instance. Asked again until it is true. */
  owns(instance: object): boolean;
  /** Runs the handler as a task. */
  call(definition: HandlerDefinition, args: unknown[]): Promise<unknown>;
}

const router = threadState('callers:1', () => ({
  /** Not held: an application that was closed and forgotten goes, with all that it had. */
  callers: new Set<WeakRef<TaskCaller>>(),
  /** Only what was found is remembered: an instance may be asked for while it is still being built. */
  owners: new WeakMap<object, TaskCaller>(),
}));

/** From now on, decorated methods on instances that the caller owns are run by it. */
export function addCaller(caller: TaskCaller): void {
  router.callers.add(new WeakRef(caller));
}

/** Decorated methods on the caller's instances run where they are again. */
export function removeCaller(caller: TaskCaller): void {
  for (const reference of router.callers) {
    if (reference.deref() === caller) {
      router.callers.delete(reference);
    }
  }
  router.owners = new WeakMap();
}

/** Who takes calls on the instance; nobody in a unit test (`new Service()`) and inside a worker. */
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
 * The handler that a call of a decorated method means on this instance: the same method of a subclass
 * is a handler of the subclass. None where the subclass overrides the method and this is its
 * `super.method()`, which belongs to the call that is being made already.
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
