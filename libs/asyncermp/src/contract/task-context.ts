import type { AsyncLocalStorage } from 'node:async_hooks';

/**
 * A context of the caller that its tasks have, too: a request's id, a user, a tenant. It is captured at the
 * call, sent with each attempt, and restored around it. Given to the option `context` of `forRoot()`, so that
 * the application and its workers have the same ones.
 *
 * @typeParam C - What is sent. It is copied to the worker, as arguments are.
 *
 * @example
 * ```ts
 * const tenants: TaskContext<string> = {
 *   name: 'tenant',
 *   capture: () => currentTenant(),
 *   restore: (tenant, run) => withTenant(tenant, run),
 * };
 * ```
 */
export interface TaskContext<C = unknown> {
  /**
   * Identifies the context: in workers, where the one of the same name restores what was captured, and in
   * errors. No two contexts of an application have the same. Default: its index in the option `context`.
   */
  readonly name?: string;
  /**
   * Returns what the caller's context is, or undefined if there is none. Runs in the application, at every call
   * that submits a task, and for `map()` once. What it throws rejects the call.
   */
  capture(): C | undefined;
  /**
   * Calls `run` in that context and returns what it returns. Runs in the thread of the handler, around every
   * attempt whose call had a context.
   */
  restore<R>(context: C, run: () => R): R;
  /**
   * Returns what `REQUEST` is in the request-scoped dependencies of a handler, for a task with this context.
   * Without it, `REQUEST` is undefined there. The first context that returns something counts.
   */
  request?(context: C): unknown;
}

/**
 * The store of an `AsyncLocalStorage` as a context of tasks: in the handler, `getStore()` returns a copy of the
 * caller's store. Of a plain object, a Map or a Set the entries at the call count, even if the caller changes it
 * later.
 *
 * A store that is an instance of another class arrives as a plain object, as such an argument does: give
 * a {@link TaskContext} of your own that sends what it is made of.
 *
 * @param als - Must be the same in the application and in a worker: exported by a file that both import.
 * @param name - Identifies it in errors. Default: its index in the option `context`.
 *
 * @example
 * ```ts
 * export const requests = new AsyncLocalStorage<{ id: string }>();
 *
 * @Module({ imports: [AsyncerMpModule.forRoot({ context: [alsContext(requests)] })] })
 * export class AppModule {}
 * ```
 */
export function alsContext<S>(als: AsyncLocalStorage<S>, name?: string): TaskContext<S> {
  return {
    ...(name !== undefined && { name }),
    capture: () => snapshot(als.getStore()),
    restore: (store, run) => als.run(store, run),
  };
}

/** A store is sent when its task is, which may be long after the call. */
function snapshot<S>(store: S | undefined): S | undefined {
  if (typeof store !== 'object' || store === null) {
    return store;
  }
  switch (Object.getPrototypeOf(store)) {
    case Object.prototype:
    case null:
      return { ...store };
    case Map.prototype:
      return new Map(store as unknown as Map<unknown, unknown>) as S;
    case Set.prototype:
      return new Set(store as unknown as Set<unknown>) as S;
    default:
      return store;
  }
}
