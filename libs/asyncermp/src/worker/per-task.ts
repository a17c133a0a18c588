import type { ModuleRef } from '@nestjs/core';
import type { Run } from '../protocol/handler-call.js';
import { requestOfTask } from './contexts.js';

/** Where instances are resolved: an application context, or a `ModuleRef` of one. */
export type InstanceSource = Pick<ModuleRef, 'resolve' | 'registerRequestByContextId'>;

/** Runs a handler on an instance of its own for each task, as Nest has one for each request. */
export function perTask(run: Run, source: InstanceSource, token: Function | string | symbol): Run {
  return async function (...args: unknown[]): Promise<unknown> {
    const request = requestOfTask();
    const contextId = request === undefined ? undefined : { id: 1 };
    if (contextId !== undefined) {
      source.registerRequestByContextId(request, contextId);
    }
    const instance = await source.resolve<object>(token, contextId, { strict: false });
    return run.apply(instance, args);
  };
}
