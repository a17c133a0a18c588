import type { TaskInterceptor } from '../contract/interceptor.js';
import { threadState } from '../protocol/thread-state.js';

const registered = threadState<TaskInterceptor[]>('interceptors:1', () => []);

/** Adds an interceptor of this thread: for submissions of every application in it, and for attempts that run in it. */
export function addInterceptor(interceptor: TaskInterceptor): void {
  registered.push(interceptor);
}

/** An application's own interceptors around those of this thread, the outermost first. */
export function allInterceptors(own: readonly TaskInterceptor[]): readonly TaskInterceptor[] {
  if (own.length === 0) {
    return registered;
  }
  return registered.length === 0 ? own : [...own, ...registered];
}
